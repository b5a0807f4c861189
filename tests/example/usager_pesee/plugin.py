"""Wires the profile pesée."""

from collections.abc import Sequence

from usager_pesee import weight_change
from usager_server import Operation, Profile, Requirement, hookimpl, ledger


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile, under the key of the entry point."""
    return [Profile("pesee", "Suivi du poids")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the change of weight."""
    return [weight_change.operation]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_pesee")
