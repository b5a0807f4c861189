"""history-type: the versions of all resources of a type."""

from usager_server.interactions.history import history_reply
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session


async def history_type(session: Session, request: Request) -> Reply:
    """Return one page of the versions of all resources of a type, newest first."""
    return await history_reply(session, request)
