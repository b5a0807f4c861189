"""Two persons side by side: every trait that both have, and the numbers that are theirs alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.identity.matricule import Matricule, is_ins, matricule_in
from usager_server.identity.traits import UNKNOWN_PLACE, Traits, traits_of
from usager_server.matching.dates import compare_dates
from usager_server.matching.finding import CONTRARY, Finding
from usager_server.matching.names import compare_names

MATRICULE, LOCAL_NUMBER = "matricule", "identifier"

SamePlace = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a record says of who someone is: read once, compared many times.

    Shape   matricules: those in force, received or old; numbers: (system, value) of the other identifiers.
    """

    traits: Traits
    matricules: frozenset[Matricule]
    numbers: frozenset[tuple[str, str]]


def portrait(patient: Mapping[str, Any]) -> Portrait:
    """Return the portrait of a Patient whose structure was checked."""
    identifiers: Sequence[Mapping[str, Any]] = patient.get("identifier", ())
    matricules = frozenset(found for each in identifiers if (found := matricule_in(each)) is not None and found.value)
    numbers = frozenset(
        (str(each["system"]), str(each["value"]).casefold())
        for each in identifiers
        if not is_ins(each) and each.get("system") and each.get("value")
    )
    return Portrait(traits_of(patient), matricules, numbers)


def compare(sought: Portrait, known: Portrait, same_place: SamePlace) -> list[Finding]:
    """Return what each trait says that both records have, numbers first.

    Shape   same_place: whether two codes of the COG are one place, whose code changed.
    """
    found = [*_numbers(sought, known), *compare_names(sought.traits, known.traits)]
    others = (
        compare_dates(sought.traits.birth_date, known.traits.birth_date),
        _sexes(sought.traits.sex, known.traits.sex),
        _places(sought.traits.birth_place, known.traits.birth_place, same_place),
    )
    return [*found, *(finding for finding in others if finding is not None)]


def _numbers(sought: Portrait, known: Portrait) -> list[Finding]:
    found = []
    if sought.matricules & known.matricules:
        found.append(Finding(MATRICULE, 1.0, "matricule INS identique"))
    elif sought.matricules and known.matricules:
        found.append(Finding(MATRICULE, CONTRARY, "matricule INS différent"))
    if sought.numbers & known.numbers:
        found.append(Finding(LOCAL_NUMBER, 1.0, "identifiant local identique"))
    return found


def _sexes(one: str, other: str) -> Finding | None:
    if not {one, other} <= {"M", "F"}:
        return None
    return Finding("gender", 1.0, "sexe identique") if one == other else Finding("gender", CONTRARY, "sexe différent")


def _places(one: str, other: str, same_place: SamePlace) -> Finding | None:
    if not one or not other or UNKNOWN_PLACE in (one, other):
        return None
    if one == other:
        return Finding("birthPlace", 1.0, "lieu de naissance identique")
    if same_place(one, other):
        return Finding("birthPlace", 0.95, "même lieu de naissance, dont le code a changé")
    return Finding("birthPlace", CONTRARY, "lieu de naissance différent")
