"""What the three histories share: their parameters, and the Bundle of versions."""

from usager_server.errors import Invalid
from usager_server.interactions.bundle_text import Link, bundle_text, json_text
from usager_server.interactions.excerpt import excerpts
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session, instant_text
from usager_server.interactions.subset import Subset, parse_subset
from usager_server.repository import HistoryQuery, Page, Stored
from usager_server.search.dates import moment, parse_date
from usager_server.search.limits import COUNT_DEFAULT, COUNT_MOST

KNOWN = ("_since", "_at", "_count", "_cursor", "_type", "_format", "_pretty", "_summary", "_elements")


async def history_reply(session: Session, request: Request) -> Reply:
    """Return one page of versions of a resource, a type or everything, newest first.

    Shape   each entry says which request made the version, and what came of it; a deletion has no resource.
    Errors  Invalid (400) on a bad value, and on an unknown parameter under Prefer: handling=strict.
    Source  FHIR R4 http.html#history.
    """
    query = parse_history(session, request)
    page = await session.repository.history(query)
    subset = parse_subset(request.query)
    if subset.summary == "count":
        page = Page(total=page.total)
    return Reply(document=_bundle(session, request, page, subset))


def parse_history(session: Session, request: Request) -> HistoryQuery:
    """Return what a history request asks for."""
    unknown = [name for name, _ in request.query if name not in KNOWN]
    if unknown and request.prefer.strict:
        raise Invalid(f"{unknown[0]!r} is not a parameter of a history; possible: {', '.join(KNOWN)}", unknown[0])
    since, at = request.parameter("_since"), request.parameter("_at")
    at_range = parse_date(at, "_at") if at else None
    return HistoryQuery(
        type=request.type or None,
        id=request.id or None,
        since=moment(parse_date(since, "_since")[0]) if since else None,
        at=moment(at_range[0]) if at_range else None,
        until=moment(at_range[1]) if at_range else None,
        count=_count(request.parameter("_count")),
        cursor=request.parameter("_cursor"),
        types=_types(session, request.parameter("_type")),
        reader=session.caller.reader,
    )


def _count(text: str | None) -> int:
    if text is None:
        return COUNT_DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(f"{text!r} is not a number of entries: write _count=1 or more", "_count", code="value")
    return max(1, min(int(text), COUNT_MOST))


def _types(session: Session, text: str | None) -> tuple[str, ...]:
    types = tuple(filter(None, (text or "").split(",")))
    for name in types:
        if name not in session.house.definitions.resource_types:
            raise Invalid(f"{name!r} is not a resource type", "_type", code="value")
    return types


def _bundle(session: Session, request: Request, page: Page, subset: Subset) -> str:
    links = [Link("self", request.path, _query(request, request.parameter("_cursor")))]
    if page.next is not None:
        links.append(Link("next", request.path, _query(request, page.next)))
    if page.previous is not None:
        links.append(Link("previous", request.path, _query(request, page.previous)))
    kept = [match.stored for match in page.entries if match.stored.document is not None]
    documents = excerpts(session, [each.document or "" for each in kept], subset)
    shown = dict(zip(map(id, kept), documents, strict=True))
    entries = [_entry(session, match.stored, shown.get(id(match.stored))) for match in page.entries]
    return bundle_text("history", session.base_url, links, entries, page.total)


def _query(request: Request, cursor: str | None) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in request.query if name in KNOWN and name != "_cursor"]
    return [*kept, ("_cursor", cursor)] if cursor else kept


def _entry(session: Session, stored: Stored, document: str | None) -> str:
    resource = "" if document is None else f'"resource":{document},'
    place = stored.type if stored.method == "POST" else f"{stored.type}/{stored.id}"
    return (
        f'{{"fullUrl":{json_text(f"{session.base_url}/{stored.type}/{stored.id}")},{resource}'
        f'"request":{{"method":"{stored.method}","url":"{place}"}},'
        f'"response":{{"status":"{_status(stored)}","etag":"W/\\"{stored.version}\\"",'
        f'"lastModified":"{instant_text(stored.last_updated)}"}}}}'
    )


def _status(stored: Stored) -> str:
    if stored.method == "DELETE":
        return "204"
    return "201" if stored.version == 1 or stored.revived else "200"
