"""Wires the profile PDE."""

from collections.abc import Sequence

from usager_pde import places
from usager_server import Operation, Profile, hookimpl


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile PDE."""
    return [Profile("pde", "Protection de l'enfance", "Location/[id]/$places: the places of a unit that are free.")]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the count of places."""
    return [places.operation]
