"""From the Consents of a person to what may be done: pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from usager_server.national.consent.subjects import SYSTEM, UNANSWERED, Subject
from usager_server.search.dates import ALWAYS, FOREVER, Range, date_range, microseconds

Resource = Mapping[str, Any]
EPISODE = re.compile(r"(?:^|/)(EpisodeOfCare/[A-Za-z0-9.-]{1,64})(?:/_history/\d+)?$")
ALL_TIME: Range = (ALWAYS, FOREVER)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said on one subject: when, as precisely as it is written, and the Consent that holds it."""

    permits: bool
    given: Range
    consent: str


def answer_on(subject: Subject, consents: Iterable[Resource], episode: str | None, now: datetime) -> Answer | None:
    """Return the answer in force on a subject, None when the person has not answered.

    Shape   consents of one person; episode: "EpisodeOfCare/id", None when it is not known which one. A Consent that
            names no episode is about all of them. Without an episode, a permission for one is worth nothing, and a
            refusal for any counts.
    Order   the newest by dateTime; where it is not told which one is, a refusal.
    """
    found = [
        answer
        for consent in consents
        if consent.get("status") == "active"
        for answer in _answers(subject, consent, microseconds(now))
        if _is_about(consent, episode, answer)
    ]
    if not found:
        return None
    newest = max(answer.given[0] for answer in found)
    return min((answer for answer in found if answer.given[1] > newest), key=lambda answer: answer.permits)


def may(subject: Subject, answer: Answer | None) -> bool:
    """Tell whether it may be done, after an answer or without one."""
    return UNANSWERED[subject] if answer is None else answer.permits


def _answers(subject: Subject, consent: Resource, now: int) -> Iterator[Answer]:
    provision = consent.get("provision") or {}
    given = (date_range(consent["dateTime"]) if "dateTime" in consent else None) or ALL_TIME
    for rule in provision.get("provision", ()):
        is_on_it = any(
            coding.get("system") == SYSTEM and coding.get("code") == subject
            for code in rule.get("code", ())
            for coding in code.get("coding", ())
        )
        if is_on_it and _is_during(provision, now) and _is_during(rule, now):
            yield Answer(rule.get("type") == "permit", given, f"Consent/{consent.get('id', '')}")


def _is_during(provision: Resource, now: int) -> bool:
    period = provision.get("period") or {}
    begins = date_range(period["start"]) if "start" in period else None
    ends = date_range(period["end"]) if "end" in period else None
    return (begins or ALL_TIME)[0] <= now < (ends or ALL_TIME)[1]


def _is_about(consent: Resource, episode: str | None, answer: Answer) -> bool:
    named = [str(each.get("reference", {}).get("reference", "")) for each in consent["provision"].get("data", ())]
    episodes = [found[1] for each in named if (found := EPISODE.search(each))]
    return not episodes or (episode in episodes if episode else not answer.permits)
