"""Wires the profile « Esclave de l'identité »; its requirement stands in the ledger of général."""

from collections.abc import Sequence

from usager_server import Operation, Profile, Scenario, hookimpl, scenarios_in
from usager_server.operations.identity_feed import feed_identity_operation
from usager_server.settings import SLAVE


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile."""
    return [Profile(SLAVE, "Esclave de l'identité")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the feed of identities."""
    return [feed_identity_operation]


@hookimpl
def register_scenarios() -> Sequence[Scenario]:
    """Return the scenario of the feed."""
    return scenarios_in("usager_server.pam.conformity")
