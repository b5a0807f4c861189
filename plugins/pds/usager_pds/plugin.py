"""Wires the profile PDS."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server import Profile, Requirement, hookimpl, ledger, packaged


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the profile PDS."""
    return [Profile("pds", "Personnes en difficultés spécifiques")]


@hookimpl
def register_search_parameters() -> Sequence[Mapping[str, Any]]:
    """Return the search by the end of a coverage."""
    return packaged("usager_pds", "SearchParameter")


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_pds")
