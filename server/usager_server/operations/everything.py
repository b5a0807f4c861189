"""Patient/$everything: the record of a patient, as one Bundle that is written while it is sent."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from usager_server.errors import Gone, Invalid, NotFound
from usager_server.interactions.bundle_text import json_text
from usager_server.interactions.limits import EVERYTHING_LIMIT_BYTES
from usager_server.interactions.queries import search_query
from usager_server.interactions.request import FHIR_JSON
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given
from usager_server.repository import Page, Stored
from usager_server.search.limits import COUNT_MOST
from usager_server.search.query import SearchQuery
from usager_server.traces.origins import ELSEWHERE, FACES, SYSTEM

PAGE = 200
# What a record refers to and no patient owns. Anything else, another patient's record above all, is not followed.
SHARED = ("Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService", "Medication", "Endpoint")
REFERENCE = re.compile(rf'"reference":"((?:{"|".join(SHARED)})/[A-Za-z0-9\-.]{{1,64}})"')


Start = tuple[int, str | None]
"""Where to go on: the number of a search, and the cursor in it."""


@dataclass(slots=True)
class Record:
    """What is asked for: searches to be done one after the other, and what was sent already."""

    session: Session
    patient: Stored
    searches: Sequence[SearchQuery]
    types: frozenset[str]
    count: int | None
    sent: set[str] = field(default_factory=set)


async def read_everything(session: Session, request: OperationRequest) -> Reply:
    """Return the patient, all that is in their compartment, and the shared resources those refer to.

    Shape   without _count all of it, streamed, up to EVERYTHING_LIMIT_BYTES; then, as with _count, a link
            "next" goes on.
    Errors  NotFound (404), Gone (410), Invalid (400).
    Source  FHIR R4 patient-operation-everything.html.
    """
    patient = await session.repository.read("Patient", request.resource_id or "")
    if patient is None:
        raise NotFound(f"There is no Patient/{request.resource_id}")
    if patient.document is None:
        raise Gone(f"Patient/{request.resource_id} was deleted")
    types = _types(session, request)
    await _tell_documents(session, patient.id, types)
    record = Record(session, patient, _searches(session, request, types), types, _count(request))
    return Reply(content=_stream(record, request, _start(record, request)), content_type=FHIR_JSON)


async def _tell_documents(session: Session, patient: str, types: frozenset[str]) -> None:
    """Tell in the trace which documents of the record came from elsewhere: a stream is not looked through."""
    faces = [name for name in sorted(FACES & types) if session.reach is None or session.reach.permits(name, "s")]
    members = [name for name in faces if name in session.house.definitions.compartments["Patient"]]
    if session.act is None or not members:
        return
    tags = [("_tag", ",".join(f"{SYSTEM}|{origin}" for origin in ELSEWHERE))]
    query = search_query(session, members, tags, strict=True, compartment=("Patient", patient))
    query = replace(query, count=PAGE)
    while True:
        page = await session.repository.search(query)
        for match in page.entries:
            session.act.meet(match.stored.document or "")
        if page.next is None:
            return
        query = replace(query, cursor=page.next)


def _types(session: Session, request: OperationRequest) -> frozenset[str]:
    known = session.house.definitions.resource_types
    wanted = [name for text in _texts(request, "_type") for name in text.split(",") if name]
    for name in wanted:
        if name not in known:
            raise Invalid(f"{name!r} is not a resource type", "_type", code="value")
    return frozenset(wanted) or known


def _searches(session: Session, request: OperationRequest, types: frozenset[str]) -> Sequence[SearchQuery]:
    """Return the searches of the compartment; with a period, what has a date and what has none apart.

    Shape   of the types that the caller may search; one that `_type` names and the caller may not is refused (403).
    """
    registry = session.house.registry
    members = sorted((set(session.house.definitions.compartments["Patient"]) & types) - {"Patient"})
    if session.reach is not None and not _texts(request, "_type"):
        members = [name for name in members if session.reach.permits(name, "s")]
    since = [("_lastUpdated", f"ge{text}") for text in _texts(request, "_since")]
    period = [("date", f"ge{text}") for text in _texts(request, "start")]
    period += [("date", f"le{text}") for text in _texts(request, "end")]
    dated = [name for name in members if _has_date(registry.parameter(name, "date"))] if period else []
    parts = [(dated, [*since, *period]), ([name for name in members if name not in dated], since)]
    compartment = ("Patient", request.resource_id or "")
    return [
        replace(search_query(session, kinds, pairs, strict=True, compartment=compartment), count=PAGE)
        for kinds, pairs in parts
        if kinds
    ]


def _has_date(found: object) -> bool:
    return getattr(found, "type", None) == "date"


def _texts(request: OperationRequest, name: str) -> list[str]:
    """Return the values of a parameter that may repeat."""
    found = []
    for part in request.parameters.get("parameter", ()):
        if part.get("name") == name:
            found += [str(value) for key, value in part.items() if key.startswith("value")]
    return found


def _count(request: OperationRequest) -> int | None:
    count = given(request, "_count")
    if count is None:
        return None
    if not isinstance(count, int) or count < 1:
        raise Invalid(f"_count is a whole number above 0, not {count!r}", "_count", code="value")
    return min(count, COUNT_MOST)


def _start(record: Record, request: OperationRequest) -> Start:
    """Return where to go on: the number of the search, and its cursor."""
    text = given(request, "_cursor")
    if text is None:
        return 0, None
    number, _, cursor = str(text).partition(".")
    if not (number.isascii() and number.isdecimal() and len(number) < 5 and int(number) < len(record.searches)):
        raise Invalid("This page link was not made by this server", "_cursor", code="value")
    return int(number), cursor or None


async def _stream(record: Record, request: OperationRequest, start: Start) -> AsyncIterator[bytes]:
    """Yield the text of the Bundle, a page at a time; nothing before the first page is there, so that it may fail."""
    before, size_bytes = '{"resourceType":"Bundle","type":"searchset","entry":[', 0
    following: Start | None = None
    async for entries, after in _pages(record, start):
        text, following = ",".join(entries), after
        if text:
            yield f"{before}{text}".encode()
            before = ","
        size_bytes += len(text)
        if record.count is not None or size_bytes > EVERYTHING_LIMIT_BYTES:
            break
    yield f'{before.removesuffix(",")}],"link":[{_links(record, request, following)}]}}'.encode()


async def _pages(record: Record, start: Start) -> AsyncIterator[tuple[Sequence[str], Start | None]]:
    """Yield the entries of each page, and where the next one starts; the patient comes before all."""
    number, cursor = start
    first: list[str] = []
    if start == (0, None) and "Patient" in record.types:
        first = [_entry(record, record.patient, "match"), *await _shared(record, [record.patient])]
    if not record.searches:
        yield first, None
    while number < len(record.searches):
        query = replace(record.searches[number], cursor=cursor, count=record.count or PAGE)
        page = await record.session.repository.search(query)
        entries = [*first, *await _page_entries(record, page)]
        first = []
        number, cursor = (number, page.next) if page.next else (number + 1, None)
        yield entries, ((number, cursor) if number < len(record.searches) else None)


async def _page_entries(record: Record, page: Page) -> list[str]:
    matches = [match.stored for match in page.entries if match.mode == "match"]
    return [*(_entry(record, stored, "match") for stored in matches), *await _shared(record, matches)]


async def _shared(record: Record, resources: Iterable[Stored]) -> list[str]:
    """Return the entries of the shared resources that these refer to and that were not sent yet."""
    named = {name for stored in resources for name in REFERENCE.findall(stored.document or "")}
    new = [name for name in sorted(named - record.sent) if name.partition("/")[0] in record.types]
    record.sent.update(new)
    pairs = [(name.partition("/")[0], name.partition("/")[2]) for name in new]
    found = await record.session.repository.read_many(pairs) if pairs else {}
    return [_entry(record, stored, "include") for stored in found.values() if stored.document is not None]


def _entry(record: Record, stored: Stored, mode: str) -> str:
    url = json_text(f"{record.session.base_url}/{stored.type}/{stored.id}")
    return f'{{"fullUrl":{url},"resource":{stored.document},"search":{{"mode":"{mode}"}}}}'


def _links(record: Record, request: OperationRequest, following: Start | None) -> str:
    query = [
        (str(part["name"]), str(value))
        for part in request.parameters.get("parameter", ())
        for key, value in part.items()
        if key.startswith("value") and part["name"] != "_cursor"
    ]
    links = [_link(record, "self", query)]
    if following is not None:
        links.append(_link(record, "next", [*query, ("_cursor", f"{following[0]}.{following[1] or ''}")]))
    return ",".join(links)


def _link(record: Record, relation: str, query: Sequence[tuple[str, str]]) -> str:
    address = f"{record.session.base_url}/Patient/{record.patient.id}/$everything"
    return f'{{"relation":"{relation}","url":{json_text(f"{address}?{urlencode(query)}" if query else address)}}}'


everything = Operation(
    operation_definition(
        "everything",
        "Returns the record of a patient: the patient, their compartment, and the shared resources it refers to.",
        levels=["instance"],
        resource=["Patient"],
        parameters=[
            parameter("start", "date", "Care at or after this date"),
            parameter("end", "date", "Care at or before this date"),
            parameter("_since", "instant", "Only what changed at or after this instant"),
            parameter("_type", "code", "Only resources of these types", most="*"),
            parameter("_count", "integer", "Pages of this size, instead of all at once"),
            parameter("_cursor", "string", "Where to go on, from a link of the page before"),
            parameter("return", "Bundle", "The record", use="out", least=1),
        ],
    ),
    read_everything,
    needs={"": "r"},
)
