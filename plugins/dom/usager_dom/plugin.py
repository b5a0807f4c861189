"""Wires the profile DOM, with and without care."""

from collections.abc import Sequence

from usager_dom import interventions
from usager_server import Operation, Profile, Requirement, hookimpl, ledger


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the two variants; a service may hold both."""
    return [
        Profile("dom-sans-soins", "Aide à domicile, sans soins"),
        Profile("dom-soins", "Aide à domicile, avec soins (SSIAD, SAAS)"),
    ]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the count of interventions."""
    return [interventions.operation]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_dom")
