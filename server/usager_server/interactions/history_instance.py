"""history-instance: the versions of one resource."""

from usager_server.errors import NotFound
from usager_server.interactions.history import history_reply
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session


async def history_instance(session: Session, request: Request) -> Reply:
    """Return one page of the versions of a resource, its deletions included. Errors: NotFound (404) when unknown."""
    if await session.repository.read(request.type, request.id) is None:
        raise NotFound(f"There is no {request.type}/{request.id}")
    return await history_reply(session, request)
