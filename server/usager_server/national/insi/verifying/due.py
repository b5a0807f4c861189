"""When an identity is to be verified: four years after INSi last confirmed it; one with a NIA at each new event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from usager_server.identity.evidence import evidence_of
from usager_server.identity.matricule import NIA
from usager_server.identity.status import FORCING
from usager_server.requirements import fulfils

YEARS = 4
EVENTS = ("DocumentReference", "Encounter", "EpisodeOfCare")
"""The resources of a record whose coming is a new event: an admission, a stay, a document."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An identity that is verified by itself. Shape: verified: when INSi last confirmed it; due: when it shall next."""

    verified: datetime
    due: datetime
    is_nia: bool


@fulfils("SC.INS.13", "P-INS-12")
def watched_of(patient: Mapping[str, Any]) -> Watched | None:
    """Return when a Patient is to be verified, None when it never is.

    Shape   never: without an INS, inactive, ticked douteuse or fictive, or while a person must decide between it and
            what INSi answered last.
    Source  référentiel DUI vague 2, 3.2.1; ins.md 4.5.
    """
    evidence = evidence_of(patient)
    sourced = evidence.sourced
    if sourced is None or sourced.differs or evidence.attributes & FORCING or patient.get("active") is False:
        return None
    verified = _instant(sourced.verified or sourced.moment)
    return Watched(verified, years_after(verified, YEARS), sourced.matricule.oid == NIA)


def years_after(moment: datetime, years: int) -> datetime:
    """Return the same instant years later; of 29 February, the first of March."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


def _instant(text: str) -> datetime:
    """Return an instant; one that cannot be read was never, so that the identity is due."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
