"""What the searches share: from the parameters of a request to the Bundle of matches."""

from collections.abc import Sequence
from dataclasses import replace

from usager_server.errors import Issue, TooLarge, UnsupportedMediaType, operation_outcome
from usager_server.interactions.audit_events import audit_events_reply, is_of_traces
from usager_server.interactions.bundle_text import Link, bundle_text, json_text
from usager_server.interactions.excerpt import excerpts, tell_asked
from usager_server.interactions.limits import FORM_LIMIT_BYTES
from usager_server.interactions.provenances import with_those_of_versions
from usager_server.interactions.queries import search_query
from usager_server.interactions.request import Body, Request, parse_query_string
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.subset import make_subset
from usager_server.jsontext import build_json
from usager_server.repository import Match, Page
from usager_server.search.query import SearchQuery

FORM = "application/x-www-form-urlencoded"


async def search_reply(
    session: Session, request: Request, types: Sequence[str], compartment: tuple[str, str] | None = None
) -> Reply:
    """Return one page of matches.

    Shape   includes come on top of _count. An entry of mode "outcome" names the parameters that are unknown, and those
            by which what is stored is still being indexed.
    Order   as _sort says; otherwise newest first.
    Errors  Invalid (400) on a bad value, and on an unknown parameter under Prefer: handling=strict;
            UnsupportedMediaType (415) and TooLarge (413) for a POST that carries no form, or too long a one.
    Source  FHIR R4 search.html, http.html#search.
    """
    parameters = await _parameters(request)
    if session.act is not None:
        session.act.asked = parameters
    if is_of_traces(session, types):
        return await audit_events_reply(session, request, parameters, compartment)
    query = search_query(session, types, parameters, strict=request.prefer.strict, compartment=compartment)
    if query.summary == "text":
        query = replace(query, includes=())
    tell_asked(session, query)
    page = await session.repository.search(query)
    page = await with_those_of_versions(session, types, parameters, page)
    return Reply(document=searchset_text(session, request.path.removesuffix("_search").rstrip("/"), query, page))


async def _parameters(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of the address and those of the form, when the search is a POST."""
    parameters = list(request.query)
    if request.method == "POST":
        parameters += parse_query_string((await _form(request.body)).decode("utf-8", "surrogateescape"))
    return parameters


async def _form(body: Body) -> bytes:
    """Return the form of a POST. Criteria in another shape must not pass for none: that would find everything."""
    content = await body.content()
    if content and body.content_type.partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMediaType(f"The parameters of a search are a form: Content-Type {FORM}")
    if len(content) > FORM_LIMIT_BYTES:
        raise TooLarge(f"The form is over {FORM_LIMIT_BYTES} bytes")
    return content


def searchset_text(session: Session, path: str, query: SearchQuery, page: Page) -> str:
    """Return the Bundle of a page, the stored resources spliced in."""
    subset = make_subset(query.summary, query.elements)
    documents = excerpts(session, [match.stored.document or "null" for match in page.entries], subset)
    entries = [_entry(session, *each) for each in zip(page.entries, documents, strict=True)]
    if issues := [*_left_out(query), *_incomplete(session, query)]:
        outcome = build_json(operation_outcome(issues)).decode()
        entries.append(f'{{"resource":{outcome},"search":{{"mode":"outcome"}}}}')
    return bundle_text("searchset", session.base_url, _links(path, query, page), entries, page.total)


def _links(path: str, query: SearchQuery, page: Page) -> list[Link]:
    def at(relation: str, cursor: str | None) -> Link:
        parts = [query.self_link] if query.self_link else []
        return Link(relation, path, "&".join([*parts, f"_cursor={cursor}"] if cursor else parts))

    links = [at("self", query.cursor)]
    if query.cursor or page.next:
        links.append(at("first", None))
    if page.previous:
        links.append(at("previous", page.previous))
    if page.next:
        links.append(at("next", page.next))
    return links


def _entry(session: Session, match: Match, document: str) -> str:
    stored = match.stored
    url = json_text(f"{session.base_url}/{stored.type}/{stored.id}")
    return f'{{"fullUrl":{url},"resource":{document},"search":{{"mode":"{match.mode}"}}}}'


def _left_out(query: SearchQuery) -> list[Issue]:
    return [
        Issue("warning", "not-supported", f"{name!r} is not known here and was left out of the search", name)
        for name in query.unknown
    ]


def _incomplete(session: Session, query: SearchQuery) -> list[Issue]:
    """Return which parameters of a search do not find yet all that is stored."""
    unfinished = session.house.unfinished
    if not unfinished:
        return []
    return [
        Issue("warning", "incomplete", f"Not all that is stored is indexed by {name} yet: more may match later", name)
        for name in unfinished.used_by(query)
    ]
