"""Wires the profile PH, with and without orientation decision."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server import Profile, Requirement, hookimpl, ledger, packaged

WITH_DECISION = "ph-avec-decision"
WITHOUT_DECISION = "ph-sans-decision"


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return the two variants; a product is certified for one of them."""
    return [
        Profile(
            WITH_DECISION,
            "Personnes en situation de handicap, avec décision d'orientation",
            excludes=frozenset({WITHOUT_DECISION}),
        ),
        Profile(
            WITHOUT_DECISION,
            "Personnes en situation de handicap, sans décision d'orientation",
            excludes=frozenset({WITH_DECISION}),
        ),
    ]


@hookimpl
def register_search_parameters(active: frozenset[str]) -> Sequence[Mapping[str, Any]]:
    """Return the search parameters; those about orientation decisions only where there are decisions."""
    bases = {"CarePlan", "Task"} if WITH_DECISION in active else {"CarePlan"}
    return [found for found in packaged("usager_ph", "SearchParameter") if bases.issuperset(found["base"])]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_ph")
