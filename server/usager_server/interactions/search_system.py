"""search-system: resources of every type, or of those that `_type` names."""

from usager_server.interactions.request import Request
from usager_server.interactions.searching import search_reply
from usager_server.interactions.session import Reply, Session


async def search_system(session: Session, request: Request) -> Reply:
    """Return one page of the resources that match, whatever their type."""
    return await search_reply(session, request, ())
