"""May this be done for this person? Asked by every room that calls a national service, before it calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from usager_server.errors import Forbidden, Invalid
from usager_server.interactions.finding import fetch, find
from usager_server.interactions.session import Session, now
from usager_server.national.consent.deciding import answer_on, may
from usager_server.national.consent.subjects import Subject
from usager_server.operations.break_glass import emergency_until
from usager_server.search.dates import DAY, date_range, microseconds

MAJORITY_YEARS = 18
Because = Literal["nothing-said", "accord", "refusal", "emergency", "secret-of-minor"]
REFUSED: Mapping[Because, str] = {
    "nothing-said": "the person has not been asked, and this needs their accord: record a Consent",
    "refusal": "the person refuses it",
    "secret-of-minor": "the person is a minor who keeps it from their representatives, who read these messages",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done, and why: what a trace of the call says besides.

    Shape   consent: the reference of the Consent that decides, "" when none does. mode: what a consultation tells the
            DMP of itself. is_secret: what is sent must be hidden from the legal representatives of the minor.
    """

    is_allowed: bool
    because: Because
    consent: str = ""
    mode: Literal["normal", "bris-de-glace"] = "normal"
    is_secret: bool = False


async def decide(session: Session, patient: str, subject: Subject, episode: str | None = None) -> Decision:
    """Return what the Consents of a Patient decide now, for the caller.

    Shape   patient and episode are ids; without episode, that of the only active EpisodeOfCare of the person.
    Order   Consents are read whatever the caller may see: a refusal that is out of their reach holds them too.
    Time    three look-ups, a fourth for a consultation without accord.
    Errors  NotFound (404) when the caller does not see the Patient; Invalid (400): the episode is another person's.
    """
    person = await fetch(session, "Patient", patient)
    whole = replace(session, repository=session.repository.whole, reach=None)
    consents = [it async for it in find(whole, "Consent", [("patient", f"Patient/{patient}"), ("status", "active")])]
    about = await _episode(whole, patient, episode)
    moment = now()
    answer = answer_on(subject, consents, about, moment)
    consent = "" if answer is None else answer.consent
    secret = answer_on(Subject.REPRESENTATIVES, consents, about, moment) if is_minor(person, moment) else None
    is_secret = not may(Subject.REPRESENTATIVES, secret)
    if not may(subject, answer):
        if subject is Subject.DMP_CONSULTATION and await _is_emergency(session, patient, consents, about, moment):
            return Decision(True, "emergency", consent, "bris-de-glace", is_secret)
        return Decision(False, "nothing-said" if answer is None else "refusal", consent, is_secret=is_secret)
    if is_secret and secret is not None and subject is Subject.MSS_PERSON:
        return Decision(False, "secret-of-minor", secret.consent, is_secret=True)
    return Decision(True, "nothing-said" if answer is None else "accord", consent, is_secret=is_secret)


async def require(session: Session, patient: str, subject: Subject, episode: str | None = None) -> Decision:
    """Return the decision when it allows. Errors: Forbidden (403, suppressed) otherwise; those of `decide`."""
    decision = await decide(session, patient, subject, episode)
    if not decision.is_allowed:
        raise Forbidden(f"{subject.value}: {REFUSED[decision.because]}", code="suppressed")
    return decision


def is_minor(person: Mapping[str, Any], moment: datetime) -> bool:
    """Tell whether a Patient is a minor; one whose birth date is not known may be."""
    born = date_range(person.get("birthDate", ""))
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    majority = moment.replace(year=moment.year - MAJORITY_YEARS, day=day)
    return born is None or born[1] - DAY > microseconds(majority)  # of a year, its last day


async def _is_emergency(
    session: Session, patient: str, consents: Sequence[Mapping[str, Any]], episode: str | None, moment: datetime
) -> bool:
    """Tell whether the caller has the record open in an emergency, which the person has not forbidden beforehand."""
    forbidden = not may(Subject.DMP_EMERGENCY, answer_on(Subject.DMP_EMERGENCY, consents, episode, moment))
    return not forbidden and await emergency_until(session, patient) is not None


async def _episode(whole: Session, patient: str, episode: str | None) -> str | None:
    wanted = ("status", "active") if episode is None else ("_id", episode)
    found = [it async for it in find(whole, "EpisodeOfCare", [("patient", f"Patient/{patient}"), wanted])]
    if episode is not None and not found:
        raise Invalid("The episode of care is unknown, or another person's")
    return f"EpisodeOfCare/{found[0]['id']}" if len(found) == 1 else None
