"""Wires the profile AHI."""

from collections.abc import Sequence

from usager_ahi import household
from usager_server import Operation, Profile, Requirement, hookimpl, ledger


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile AHI."""
    return [Profile("ahi", "Accueil, hébergement, insertion")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the reading of a household."""
    return [household.operation]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_ahi")
