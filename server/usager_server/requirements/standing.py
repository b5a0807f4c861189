"""Where each requirement stands: its line in a ledger beside the facts of the référentiel, and whom it concerns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from usager_server.requirements.facts import Fact, facts
from usager_server.requirements.ledger import Requirement

GENERAL = "general"
SECTORS = frozenset({"pa", "ph-avec-decision", "ph-sans-decision", "dom-sans-soins", "dom-soins", "pde", "pds", "ahi"})


@dataclass(frozen=True, slots=True)
class Standing:
    """One requirement: what is asked (fact) and what is answered (line, from the ledger of package)."""

    fact: Fact
    line: Requirement
    package: str


def standings(ledgers: Mapping[str, Sequence[Requirement]], keys: Mapping[str, Sequence[str]]) -> list[Standing]:
    """Return where every requirement of these ledgers stands, in the order of the référentiel, plugins' own last.

    Shape   ledgers by package; keys the profiles that each package registers, for the lines that name none.
    """
    known = facts()
    found = [
        Standing(known.get(line.id) or _own(line, keys.get(package, ())), line, package)
        for package, lines in ledgers.items()
        for line in lines
    ]
    place = {identifier: index for index, identifier in enumerate(known)}
    return sorted(found, key=lambda it: place.get(it.fact.id, len(place)))


def concerning(profiles: Collection[str], every: Iterable[Standing]) -> list[Standing]:
    """Return those that concern a product with these profiles: general's always, besides those that are lifted.

    Source  DSR-MS-DUI-Va2, 3.1: with AHI as the only sector profile, 23 of them are.
    """
    here = {GENERAL, *profiles}
    only = here & SECTORS
    return [it for it in every if here.intersection(it.fact.profiles) and only != {it.fact.spared}]


def _own(line: Requirement, keys: Sequence[str]) -> Fact:
    return Fact(line.id, "", "", 0, "", "", line.profiles or tuple(keys), "")
