"""A search for somebody, kept to be accepted: the calls, their traces, the comparison with what is known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from usager_server.birthplaces.gazetteer import Gazetteer
from usager_server.identity.comparison import Compared, Verdict, compare
from usager_server.identity.events import Retrieved
from usager_server.identity.matricule import Matricule
from usager_server.identity.traits import Traits
from usager_server.interactions.session import Session, instant_text, now
from usager_server.national.insi import advice
from usager_server.national.insi.calling import record
from usager_server.national.insi.keeping import KEPT_FOR, Answers, Kept
from usager_server.national.insi.mapping import LabelOf, retrieved_of
from usager_server.national.insi.messages import Individual
from usager_server.national.insi.retrieval import Attempt
from usager_server.operations.parameters import part

if TYPE_CHECKING:
    from usager_server.national.insi.client import InsiClient


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. Shape: key names the answer until `until`; None with nobody, or several."""

    code: str
    attempts: Sequence[Attempt]
    retrieved: Retrieved | None = None
    key: str = ""
    until: datetime | None = None


async def keep(
    session: Session,
    client: "InsiClient",
    code: str,
    individual: Individual | None,
    attempts: Sequence[Attempt] = (),
    patient: str = "",
    version: int = 0,
) -> Found:
    """Keep an answer, and trace the calls that led to it, in one transaction.

    Shape   patient and version: what it is compared with.
    Errors  ServiceRefused when the answer holds a matricule or a date that is none.
    """
    moment = now()
    retrieved = None
    if individual is not None:
        places = session.house.birthplaces.gazetteer
        retrieved = retrieved_of(individual, client.calls[-1], instant_text(moment), label_of(places))
    key = ""
    async with session.transaction() as inner:
        if retrieved is not None:
            runner, kept = inner.repository.runner, Kept(retrieved, patient, version)
            key = await Answers(session.house.settings).put(runner, datetime.now(UTC), kept)
        await record(inner, client.calls, patient)
    return Found(code, attempts, retrieved, key, moment + KEPT_FOR if retrieved else None)


def compared(session: Session, local: Traits, retrieved: Retrieved) -> Sequence[Compared]:
    """Return the strict traits side by side."""
    return compare(local, retrieved.traits, session.house.birthplaces.gazetteer.are_one_place)


def parts_of(session: Session, found: Found, local: Traits, matricule: Matricule | None, version: int) -> list[Any]:
    """Return the answer of an operation, as parameters.

    Shape   matricule is the one in force here; version that of the Patient, 0 without one.
    """
    parts = [part("code", valueCode=found.code), part("message", valueString=advice.message(found.code))]
    parts += [part("advice", valueString=text) for text in advice.advice(found.code, local)]
    parts += [_attempt(it) for it in found.attempts]
    return [*parts, *answer_parts(session, found, local, matricule, version)]


def answer_parts(session: Session, found: Found, local: Traits, matricule: Matricule | None, version: int) -> list[Any]:
    """Return what there is to accept, compared with what is known here, as parameters; see `parts_of`."""
    parts = [part("version", valueString=str(version))] if version else []
    retrieved = found.retrieved
    if retrieved is None or found.until is None:
        return parts
    received = Matricule(retrieved.matricule, retrieved.oid)
    parts += [
        part("answer", valueString=found.key),
        part("expires", valueInstant=instant_text(found.until)),
        part("matricule", valueIdentifier={"system": received.system, "value": received.value}),
    ]
    texts = (matricule.value if matricule else "", received.value)
    verdict: Verdict = "absent" if matricule is None else "concordant" if matricule == received else "different"
    rows = [*compared(session, local, retrieved), Compared("matricule", *texts, verdict)]
    parts += [_comparison(it) for it in rows]
    if lacks_label(local, retrieved.traits):
        parts.append(part("birthPlaceLabelNeeded", valueBoolean=True))
    return parts


def lacks_label(local: Traits, received: Traits) -> bool:
    """Say whether a place of birth that INSi gave is named neither by the reference nor, for the same one, here."""
    is_named_here = local.birth_place == received.birth_place and local.birth_place_label != ""
    return bool(received.birth_place and not received.birth_place_label and not is_named_here)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    values = [
        part("givenName", valueString=attempt.given_names),
        part("withPlace", valueBoolean=attempt.with_place),
        part("code", valueCode=attempt.code),
    ]
    return part("attempt", part=values)


def _comparison(row: Compared) -> dict[str, Any]:
    values = [part("trait", valueCode=row.trait.replace("_", "-"))]
    values += [part("local", valueString=row.local)] if row.local else []
    values += [part("received", valueString=row.received)] if row.received else []
    return part("comparison", part=[*values, part("verdict", valueCode=row.verdict)])


def label_of(places: Gazetteer) -> LabelOf:
    """Return what names places by their code and a day."""

    def label(code: str, day: str) -> str:
        found = places.nearest(code, day)
        return found.label if found is not None else ""

    return label
