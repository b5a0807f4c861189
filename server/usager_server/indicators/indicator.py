"""What an indicator is: a Measure, and what counts for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from usager_server.canonicals import canonical
from usager_server.interactions.session import Session

SYSTEM = canonical("CodeSystem", "indicators")

Code = tuple[str, str]
"""A code of ours, and what it means in French."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about.

    Shape   organization is the id of an Organization (a FINESS ET), None for the whole tenant. The period is [start,
            end), in UTC. active_days: how lately a dossier was written in to be active at the end of the period.
    """

    start: datetime
    end: datetime
    organization: str | None = None
    active_days: int = 30
    with_tests: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of a figure. Shape: values say of what; denominator is None when the part is only counted."""

    values: tuple[Code, ...]
    numerator: int
    denominator: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of a report, and what it is broken down into, by the code of each breakdown.

    Shape   numerator None: only counted. persons: these are numbers of people, of whom few could be recognised.
            score: another value than the rate, with its unit (UCUM).
    """

    key: str
    denominator: int
    numerator: int | None = None
    persons: bool = True
    score: float | None = None
    unit: str = ""
    strata: Mapping[str, Sequence[Stratum]] = field(default_factory=dict)


Evaluate = Callable[[Session, Asked], Awaitable[Sequence[Figure]]]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A Measure that the server has, and what evaluates it.

    Shape   report is the identifier that files bear (`TBB.INS.01`). evaluate reads for a caller whose right to the
            Organization, or to the whole tenant, is established; what it counts it holds to `session.reach` besides.
    """

    report: str
    measure: Mapping[str, Any]
    evaluate: Evaluate


def measure_definition(
    identifier: str, version: str, title: str, description: str, groups: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Measure. Shape: groups are the keys of its figures, each with what it counts, in French."""
    return {
        "resourceType": "Measure",
        "id": identifier,
        "url": canonical("Measure", identifier),
        "version": version,
        "name": "".join(word.capitalize() for word in identifier.split("-")),
        "title": title,
        "status": "active",
        "language": "fr",
        "description": description,
        "group": [
            {"code": {"coding": [{"system": SYSTEM, "code": key}]}, "description": text} for key, text in groups.items()
        ],
    }


def share(numerator: int | None, denominator: int | None) -> float | None:
    """Return a rate to three decimals, None when nothing is there to be a part of."""
    return round(numerator / denominator, 3) if denominator and numerator is not None else None
