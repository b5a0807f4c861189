"""$ins-verifications: how far the verification of identities is, and who waits for it."""

from datetime import UTC, datetime
from typing import Any

from usager_server.errors import Forbidden, Invalid
from usager_server.interactions.session import OperationRequest, Reply, Session, instant_text
from usager_server.national.insi.definitions import MOST_SHOWN
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.store import RefusedLot, State
from usager_server.operations.parameters import given, parameters, part
from usager_server.requirements import fulfils

FIRST_YEAR, LAST_YEAR = 1900, 2999

NAMES = {
    State.asked: "asked",
    State.unanswered: "unanswered",
    State.in_lot: "inLot",
    State.to_search: "toSearch",
}


@fulfils("SC.INS.13")
async def verifications(session: Session, request: OperationRequest) -> Reply:
    """Return how many identities are watched and where they stand, on a day: today unless another is asked for.

    Errors  Forbidden (403) to who may not search every Patient of the tenant: the numbers are about all of them.
    """
    if session.reach is not None and not session.reach.holds_all(("Patient",), "s"):
        raise Forbidden("This is about every Patient: it takes a scope that reaches them all, such as system/Patient.s")
    on = _day(request)
    numbers = dict.fromkeys(("due", "later", *NAMES.values()), 0)
    upcoming: list[datetime] = []
    for state, is_due, number, first in await store.counts(session.repository.runner, on):
        waits = "due" if is_due else "later"
        numbers[NAMES.get(state, waits)] += number
        if state is State.waiting:
            upcoming.append(first)
    parts = [part(name, valueInteger=number) for name, number in numbers.items()]
    if upcoming:
        parts.append(part("next", valueInstant=instant_text(min(upcoming))))
    for patient, state in await store.some(session.repository.runner, on, MOST_SHOWN):
        values = [
            part("patient", valueReference={"reference": f"Patient/{patient}"}),
            part("state", valueCode=NAMES.get(state, "due")),
        ]
        parts.append(part("person", part=values))
    parts += [_told(lot) for lot in await store.refused_lots(session.repository.runner, MOST_SHOWN)]
    return Reply(resource=parameters(*parts))


def _told(lot: RefusedLot) -> dict[str, Any]:
    values = [
        part("id", valueString=str(lot.id)),
        part("people", valueInteger=lot.people),
        part("refusals", valueInteger=lot.refusals),
        part("code", valueString=lot.code),
        part("again", valueInstant=instant_text(lot.again)),
    ]
    return part("refusedLot", part=values)


def _day(request: OperationRequest) -> datetime:
    text = given(request, "on")
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(str(text))
        if not FIRST_YEAR <= found.year <= LAST_YEAR:  # beyond, a time zone leads out of what a timestamp holds
            raise ValueError(text)
    except ValueError as error:
        raise Invalid(f"on is a date or an instant, not {str(text)[:40]!r}", "on", code="value") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
