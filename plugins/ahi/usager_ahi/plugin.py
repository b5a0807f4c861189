"""Wires the profile AHI."""

from collections.abc import Sequence

from usager_ahi import household
from usager_server import Operation, Profile, hookimpl


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile AHI."""
    adds = "Group/[id]/$household: the composition of a household in the SI-SIAO's list."
    return [Profile("ahi", "Accueil, hébergement, insertion", adds)]


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the reading of a household."""
    return [household.operation]
