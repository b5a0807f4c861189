"""Wires the profile PA."""

from collections.abc import Sequence

from usager_pa import aggir_operation
from usager_server import Operation, Profile, Requirement, hookimpl, ledger


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile PA."""
    return [Profile("pa", "Personnes âgées")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the AGGIR calculation."""
    return [aggir_operation.operation]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_pa")
