"""AuditEvent/$extract: the traces of a period, a person or a professional, line by line."""

from collections.abc import AsyncIterator
from dataclasses import replace

from usager_server.errors import NotFound
from usager_server.interactions.audit_events import held_to
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given, text_of
from usager_server.requirements import fulfils
from usager_server.search.dates import parse_date
from usager_server.traces.event import Event
from usager_server.traces.export import FORMS, MEDIA_TYPES, Form, asked, header, lines
from usager_server.traces.origins import ELSEWHERE, From
from usager_server.traces.record import TraceQuery, row_at

PAGE = 1_000


@fulfils("SC.DMP/CONF.15")
async def extract_traces(session: Session, request: OperationRequest) -> Reply:
    """Return the traces as NDJSON of AuditEvents, or as a table.

    Order   newest first.
    Errors  Forbidden (403) without a scope that names AuditEvent; NotFound (404) where nobody keeps traces; Invalid
            (400) on a wrong date or format.
    """
    if session.act is None:
        raise NotFound("Nobody keeps traces here: USAGER_AUDIT")
    own = await held_to(session, "s")
    form: Form = "csv" if given(request, "format") and text_of(request, "format", FORMS) == "csv" else "ndjson"
    query = TraceQuery(count=PAGE)
    if given(request, "start"):
        query = replace(query, first=row_at(parse_date(text_of(request, "start"), "start")[0]))
    if given(request, "end"):
        query = replace(query, before=row_at(parse_date(text_of(request, "end"), "end")[1]))
    patient = text_of(request, "patient").removeprefix("Patient/") if given(request, "patient") else own
    if own not in (None, patient):
        raise NotFound(f"There is no trace of Patient/{patient} for this caller")
    agent = text_of(request, "agent") if given(request, "agent") else None
    origin = From(text_of(request, "origin", ELSEWHERE)) if given(request, "origin") else None
    query = replace(query, patient=patient, subject=agent, origin=origin)
    # Before the first line is sent: no extraction without its trace.
    patients = (patient,) if patient else ()
    event = Event("traces-exported", session.act.origin, patients=patients, detail=asked(query, form))
    await session.repository.record([event])
    return Reply(content=_stream(session, query, form, own), content_type=MEDIA_TYPES[form], raw=True)


async def _stream(session: Session, query: TraceQuery, form: Form, own: str | None) -> AsyncIterator[bytes]:
    if start := header(form):
        yield start.encode()
    while found := await session.repository.traces(query):
        shown = found if own is None else [trace.told_of(own) for trace in found]
        yield lines(shown, form, session.base_url).encode()
        if len(found) < query.count:
            return
        query = replace(query, before=found[-1].row)


extract = Operation(
    operation_definition(
        "extract",
        "Returns the traces of a period, of a person or of a professional, all of them or those of accesses to "
        "documents that came from the DMP or MSSanté, as NDJSON of AuditEvents or as a CSV table.",
        levels=["type"],
        resource=["AuditEvent"],
        parameters=[
            parameter("start", "date", "From this day or instant on"),
            parameter("end", "date", "To this day or instant, included"),
            parameter("patient", "string", "Only what concerns this Patient: its id or Patient/id"),
            parameter("agent", "string", "Only what this person did: Practitioner/id, or the name of an account"),
            parameter("origin", "code", "Only accesses to documents that came from there: dmp, or mss"),
            parameter("format", "code", "ndjson (unless said otherwise) or csv"),
            parameter("return", "Binary", "The lines", use="out", least=1),
        ],
    ),
    extract_traces,
    needs={"AuditEvent": "s"},
)
