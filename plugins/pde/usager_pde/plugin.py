"""Wires the profile PDE."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_pde import places
from usager_server import Operation, Profile, Requirement, hookimpl, ledger, packaged


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile PDE."""
    return [Profile("pde", "Protection de l'enfance")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the count of places."""
    return [places.operation]


@hookimpl
def register_conformance_resources() -> Sequence[Mapping[str, Any]]:
    """Return the extensions that say how many places a unit has."""
    return packaged("usager_pde", "StructureDefinition")


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_pde")
