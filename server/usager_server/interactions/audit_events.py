"""AuditEvents: read and searched like resources, made from the traces; only the server writes them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from usager_server.errors import Forbidden, Invalid, Issue, MethodNotAllowed, operation_outcome
from usager_server.interactions.bundle_text import Link, bundle_text, json_text
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session
from usager_server.jsontext import build_json
from usager_server.repository import Stored
from usager_server.search.dates import parse_date
from usager_server.search.limits import COUNT_DEFAULT, COUNT_MOST
from usager_server.traces.audit_event import audit_event, audit_event_id, row_of
from usager_server.traces.event import BROKEN, FAILED, REFUSED, SUCCESS
from usager_server.traces.kinds import KINDS, Kind
from usager_server.traces.record import Trace, TraceQuery, row_at

TYPE = "AuditEvent"
PREFIXED = re.compile(r"(eq|ge|gt|le|lt|sa|eb)?(\d.*)", re.DOTALL)
OUTCOMES = (SUCCESS, REFUSED, FAILED, BROKEN)
KEPT_ASIDE = ("_format", "_pretty", "_total", "_cursor")
NEWEST_FIRST = ("-date", "-_lastUpdated")


def is_of_traces(session: Session, types: Sequence[str]) -> bool:
    """Say whether a search is one of the traces: where they are kept, there are no other AuditEvents."""
    return session.act is not None and tuple(types) == (TYPE,)


def refuse_written(session: Session, resource_type: str) -> None:
    """Refuse an AuditEvent that a client made: it would stand among those that nobody can have made up.

    Errors  MethodNotAllowed (405).
    """
    if resource_type == TYPE and session.act is not None:
        raise MethodNotAllowed(
            "AuditEvents are made by the server, of what it sees; they can be read and searched",
            TYPE,
            headers={"Allow": "GET, HEAD"},
        )


async def traced(session: Session, request: Request) -> Stored | None:
    """Return a trace as the version of a resource, None when the address is not one of a trace.

    Errors  Forbidden (403) without a right of its own.
    """
    row = row_of(request.id) if request.type == TYPE and session.act is not None else None
    if row is None:
        return None
    patient = await held_to(session, "r")
    trace = await session.repository.trace(row)
    if trace is None or (patient is not None and patient not in (trace.patient, *trace.told.get("patients", ()))):
        return None
    shown = trace if patient is None else trace.told_of(patient)
    document = build_json(audit_event(shown, session.base_url)).decode()
    return Stored(TYPE, request.id, 1, trace.recorded, document)


async def audit_events_reply(
    session: Session,
    request: Request,
    parameters: Sequence[tuple[str, str]],
    compartment: tuple[str, str] | None = None,
) -> Reply:
    """Return one page of traces.

    Shape   date, patient, agent, entity, action, type, subtype, outcome, _id narrow; all of them hold.
    Order   newest first.
    Errors  Forbidden (403) without a right of its own; Invalid (400) on a bad value, and on an unknown parameter under
            Prefer: handling=strict.
    Source  FHIR R4 auditevent.html#search.
    """
    patient = await held_to(session, "s")
    asked = _parsed(session, [*parameters, *_of_compartment(compartment)], strict=request.prefer.strict)
    if patient is not None:
        asked.narrow_to_patient(patient)
    cursors = await session.repository.cursors()
    bound_to = f"traces {session.caller.tenant} {session.caller.reader} {asked.query!r}"
    query = asked.query
    if asked.cursor is not None:
        query = replace(query, before=min(query.before, int(cursors.open(asked.cursor, bound_to)[0])))
    found = [] if asked.is_empty else await session.repository.traces(replace(query, count=query.count + 1))
    page, more = found[: query.count], len(found) > query.count
    links = [Link("self", TYPE, _kept(parameters, asked.cursor))]
    if more:
        links.append(Link("next", TYPE, _kept(parameters, cursors.seal([page[-1].row], bound_to))))
    shown = page if patient is None else [trace.told_of(patient) for trace in page]
    entries = [_entry(session, trace) for trace in shown] + _outcome(asked.unknown)
    return Reply(document=bundle_text("searchset", session.base_url, links, entries))


@dataclass(slots=True)
class _Asked:
    """What a search of traces asks for; is_empty: its conditions contradict each other."""

    query: TraceQuery = field(default_factory=lambda: TraceQuery(count=COUNT_DEFAULT))
    cursor: str | None = None
    unknown: list[str] = field(default_factory=list)
    is_empty: bool = False

    def narrow_to_patient(self, patient: str) -> None:
        """Leave only what concerns this Patient."""
        if self.query.patient not in (None, patient):
            self.is_empty = True
        self.query = replace(self.query, patient=patient)


async def held_to(session: Session, letter: str) -> str | None:
    """Return the Patient to whom the caller is held, None for all of the tenant.

    Errors  Forbidden (403): a scope must name AuditEvent, `*` does not hold it; and what it reaches must be all of the
            tenant, or all that was done about one patient, since traces know no other limit.
    """
    reach, grant = session.reach, session.caller.grant
    if reach is None:
        return None
    named = [scope for scope in grant.scopes or () if scope.type == TYPE and letter in scope.letters]
    if not named:
        raise Forbidden(f"Traces are read with a scope of their own: user/{TYPE}.{letter} or system/{TYPE}.{letter}")
    reach.require(TYPE, letter)
    if reach.lookup((TYPE,), letter) is None:
        return None
    if all(scope.context == "patient" and not scope.parameters for scope in named) and grant.patient is not None:
        if await session.repository.opens(grant.patient):
            return grant.patient
        raise Forbidden("The person at work may not open the record of this patient, nor read its traces")
    raise Forbidden("Traces are read as a whole, or those of one patient: not those of some structures, nor narrowed")


def _parsed(session: Session, parameters: Sequence[tuple[str, str]], *, strict: bool) -> _Asked:
    asked = _Asked()
    for name, value in parameters:
        if name in KEPT_ASIDE:
            continue
        if name not in PARAMETERS:
            if strict:
                known = ", ".join(PARAMETERS)
                raise Invalid(f"{name!r} is not a parameter of a search of {TYPE}; possible: {known}", name)
            asked.unknown.append(name)
            continue
        PARAMETERS[name](asked, value.removeprefix(f"{session.base_url}/"))
    asked.cursor = next((value for name, value in parameters if name == "_cursor"), None)
    return asked


def _date(asked: _Asked, value: str) -> None:
    match = PREFIXED.fullmatch(value)
    prefix, text = (match[1] or "eq", match[2]) if match else ("eq", value)
    low, high = (row_at(instant) for instant in parse_date(text, "date"))
    query = asked.query
    if prefix in ("eq", "ge"):
        query = replace(query, first=max(query.first, low))
    if prefix in ("gt", "sa"):
        query = replace(query, first=max(query.first, high))
    if prefix in ("eq", "le"):
        query = replace(query, before=min(query.before, high))
    if prefix in ("lt", "eb"):
        query = replace(query, before=min(query.before, low))
    asked.query = query


def _id(asked: _Asked, value: str) -> None:
    asked.query = replace(asked.query, rows=[row for one in value.split(",") if (row := row_of(one)) is not None])


def _patient(asked: _Asked, value: str) -> None:
    asked.narrow_to_patient(value.removeprefix("Patient/"))


def _agent(asked: _Asked, value: str) -> None:
    asked.query = replace(asked.query, subject=value.removeprefix("|"))


def _entity(asked: _Asked, value: str) -> None:
    kind, slash, key = value.partition("/")
    if not slash or "/" in key:
        raise Invalid(f"{value!r} is not a reference: write entity=Observation/1", "entity", code="value")
    asked.query = replace(asked.query, type=kind, id=key)


def _outcome_code(asked: _Asked, value: str) -> None:
    codes = value.split(",")
    if not set(codes) <= set(map(str, OUTCOMES)):
        raise Invalid(f"{value!r} is not an outcome: write 0, 4, 8 or 12", "outcome", code="value")
    asked.query = replace(asked.query, outcomes=tuple(map(int, codes)))


def _count(asked: _Asked, value: str) -> None:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Invalid(f"{value!r} is not a number of entries", "_count", code="value")
    asked.query = replace(asked.query, count=max(1, min(int(value), COUNT_MOST)))


def _sort(_asked: _Asked, value: str) -> None:
    if value not in NEWEST_FIRST:
        raise Invalid(f"{value!r}: traces come newest first, _sort=-date", "_sort", code="not-supported")


def _by_kind(codes_of: Callable[[Kind], Iterable[str]]) -> Callable[[_Asked, str], None]:
    """Return what narrows to the kinds that have one of the codes asked for, with or without their system."""

    def narrow(asked: _Asked, value: str) -> None:
        wanted = {one.rpartition("|")[2] for one in value.split(",")}
        kinds = {name for name, kind in KINDS.items() if wanted.intersection(codes_of(kind))}
        if asked.query.kinds is not None:
            kinds &= set(asked.query.kinds)
        asked.query = replace(asked.query, kinds=tuple(sorted(kinds)))

    return narrow


PARAMETERS: Mapping[str, Callable[[_Asked, str], None]] = {
    "_id": _id,
    "date": _date,
    "_lastUpdated": _date,
    "patient": _patient,
    "agent": _agent,
    "entity": _entity,
    "action": _by_kind(lambda kind: (kind.action,)),
    "type": _by_kind(lambda kind: (kind.code,)),
    "subtype": _by_kind(lambda kind: (kind.subcode, kind.name)),
    "outcome": _outcome_code,
    "_count": _count,
    "_sort": _sort,
}


def _of_compartment(compartment: tuple[str, str] | None) -> list[tuple[str, str]]:
    if compartment is None:
        return []
    kind, key = compartment
    return [("patient", key)] if kind == "Patient" else [("agent", f"{kind}/{key}")]


def _kept(parameters: Sequence[tuple[str, str]], cursor: str | None) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in parameters if name in PARAMETERS]
    return [*kept, ("_cursor", cursor)] if cursor else kept


def _entry(session: Session, trace: Trace) -> str:
    url = json_text(f"{session.base_url}/{TYPE}/{audit_event_id(trace)}")
    document = build_json(audit_event(trace, session.base_url)).decode()
    return f'{{"fullUrl":{url},"resource":{document},"search":{{"mode":"match"}}}}'


def _outcome(unknown: Sequence[str]) -> list[str]:
    if not unknown:
        return []
    issues = [
        Issue("warning", "not-supported", f"{name!r} is not known here and was left out of the search", name)
        for name in unknown
    ]
    return [f'{{"resource":{build_json(operation_outcome(issues)).decode()},"search":{{"mode":"outcome"}}}}']
