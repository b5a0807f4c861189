"""Patient/[id]/$break-glass: a professional opens a record they have no right to, in an emergency (bris de glace)."""

from datetime import datetime

from usager_server.errors import Forbidden, Invalid, NotFound, Unavailable
from usager_server.interactions.limits import EMERGENCY_MINUTES_MOST, REASON_LENGTH_LEAST, REASON_LENGTH_MOST
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, instant_text, now
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given, parameters, part, text_of
from usager_server.traces.event import Event

MINUTES = 60


async def break_glass(session: Session, request: OperationRequest) -> Reply:
    """Open the record to the caller, for a while; with minutes 0, end what they opened.

    Errors  Forbidden (403) when the caller is no professional; NotFound (404) when there is no such Patient; Invalid
            (400) without a reason. Unavailable (503) where no trace is kept: then nothing is opened.
    """
    reader, patient = _professional(session), request.resource_id or ""
    _refuse_others(session, patient)
    minutes = _minutes(request)
    reason = _reason(request) if minutes else ""
    if session.act is None:
        raise Unavailable("No trace is kept here, and without a trace no record is opened in an emergency")
    detail = {"reason": reason, "minutes": minutes} if minutes else {}
    kind = "break-glass" if minutes else "break-glass-ended"
    async with session.transaction() as inner:
        until = await _changed(inner, patient, reader, reason, minutes)
        event = Event(kind, session.act.origin, type="Patient", id=patient, patients=(patient,), detail=detail)
        await inner.repository.record([event])
    return Reply(resource=parameters(part("until", valueInstant=instant_text(until))))


async def emergency_until(session: Session, patient: str) -> datetime | None:
    """Return until when the caller has the record of a Patient open in an emergency, None when they have not.

    What is asked of a national service meanwhile says so: its access mode is bris de glace.
    """
    reader = session.caller.grant.practitioner
    return None if reader is None else await session.repository.open_until(patient, reader)


async def _changed(session: Session, patient: str, reader: str, reason: str, minutes: int) -> datetime:
    repository = session.repository
    if minutes:
        until = await repository.open_in_emergency(patient, reader, reason, minutes)
    else:
        until = await repository.open_until(patient, reader)
        until = until and min(until, now())
        await repository.close_emergency(patient, reader)
    if until is None:
        text = f"There is no Patient/{patient}" if minutes else f"Patient/{patient} is not open in an emergency"
        raise NotFound(text)
    return until


def _professional(session: Session) -> str:
    grant = session.caller.grant
    if grant.practitioner is None or (grant.roles is not None and "professional" not in grant.roles):
        raise Forbidden("A record is opened in an emergency by a professional who signed in, and by nobody else")
    return grant.practitioner


def _refuse_others(session: Session, patient: str) -> None:
    """Refuse another record than that of an application that was opened on one. Errors: NotFound (404)."""
    reach = session.reach
    if reach is not None and not reach.permits_beyond("Patient", "r") and patient != session.caller.grant.patient:
        raise NotFound(f"There is no Patient/{patient}")


def _minutes(request: OperationRequest) -> int:
    minutes = given(request, "minutes")
    if minutes is None:
        return MINUTES
    if not isinstance(minutes, int) or not 0 <= minutes <= EMERGENCY_MINUTES_MOST:
        raise Invalid(f"minutes is a whole number from 0 to {EMERGENCY_MINUTES_MOST}", "minutes", code="value")
    return minutes


def _reason(request: OperationRequest) -> str:
    reason = text_of(request, "reason").strip()
    if not REASON_LENGTH_LEAST <= len(reason) <= REASON_LENGTH_MOST:
        text = f"reason says why, in {REASON_LENGTH_LEAST} to {REASON_LENGTH_MOST} characters"
        raise Invalid(text, "reason", code="value")
    return reason


break_glass_operation = Operation(
    operation_definition(
        "break-glass",
        "Opens the record of a person to the professional who calls, in an emergency, for a while and with a reason "
        "(bris de glace). Scopes narrow what they see of it as ever. The act is traced; minutes 0 ends it.",
        levels=["instance"],
        resource=["Patient"],
        affects_state=True,
        parameters=[
            parameter("reason", "string", "Why, in one's own words; not needed to end it"),
            parameter("minutes", "integer", f"For how long: {MINUTES}, at most {EMERGENCY_MINUTES_MOST}; 0 ends it"),
            parameter("until", "instant", "Until when the record is open", use="out", least=1),
        ],
    ),
    break_glass,
    needs={"": "r"},
)
