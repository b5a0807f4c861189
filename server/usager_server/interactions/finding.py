"""Reading and finding resources as trees: what operations and plugins use instead of going through HTTP."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from usager_server.errors import NotFound
from usager_server.interactions.session import Session
from usager_server.jsontext import parse_json
from usager_server.search.parse import parse_query

PAGE = 500


async def fetch(session: Session, resource_type: str, resource_id: str) -> dict[str, Any]:
    """Return the current version of a resource as a tree. Errors: NotFound (404), of a deleted one too."""
    stored = await session.repository.read(resource_type, resource_id)
    if stored is None or stored.document is None:
        raise NotFound(f"{resource_type}/{resource_id} is unknown")
    tree: dict[str, Any] = parse_json(stored.document.encode())
    return tree


async def find(
    session: Session, resource_type: str, criteria: Sequence[tuple[str, str]]
) -> AsyncIterator[dict[str, Any]]:
    """Yield every match of a search as a tree, page after page.

    Shape   criteria are search parameters as in a query string, decoded: [("status", "planned")].
    Errors  Invalid (400) when one of them is unknown.
    """
    query = parse_query(session.house.registry, [resource_type], [*criteria, ("_count", str(PAGE))], strict=True)
    while True:
        page = await session.repository.search(query)
        for match in page.entries:
            if match.stored.document is not None:
                yield parse_json(match.stored.document.encode())
        if page.next is None:
            return
        query = replace(query, cursor=page.next)
