"""From the parameters of a request to the query of the search room: the one place that calls its parser."""

from collections.abc import Sequence

from usager_server.interactions.session import Session
from usager_server.search.localising import localised
from usager_server.search.parse import parse_query
from usager_server.search.query import SearchQuery


def search_query(
    session: Session,
    types: Sequence[str],
    parameters: Sequence[tuple[str, str]],
    *,
    strict: bool = False,
    compartment: tuple[str, str] | None = None,
) -> SearchQuery:
    """Return the query that the parameters ask for; a reference may be the whole address. Errors: Invalid (400)."""
    query = parse_query(
        session.house.registry,
        types,
        parameters,
        strict=strict,
        compartment=compartment,
        reader=session.caller.reader,
    )
    if any(session.base_url in value for _, value in parameters):
        return localised(session.house.registry, query, session.base_url)
    return query
