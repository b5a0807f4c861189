"""search-type: resources of one type."""

from usager_server.interactions.request import Request
from usager_server.interactions.searching import search_reply
from usager_server.interactions.session import Reply, Session


async def search_type(session: Session, request: Request) -> Reply:
    """Return one page of the resources of a type that match."""
    return await search_reply(session, request, (request.type,))
