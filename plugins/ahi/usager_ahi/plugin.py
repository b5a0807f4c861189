"""Wires the profile AHI."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_ahi import household
from usager_server import Operation, Profile, Requirement, hookimpl, ledger, packaged


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile AHI."""
    return [Profile("ahi", "Accueil, hébergement, insertion")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the reading of a household."""
    return [household.operation]


@hookimpl
def register_conformance_resources() -> Sequence[Mapping[str, Any]]:
    """Return the list of the compositions of a household."""
    return packaged("usager_ahi", "CodeSystem") + packaged("usager_ahi", "ValueSet")


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_ahi")
