"""history-system: the versions of everything."""

from usager_server.interactions.history import history_reply
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session


async def history_system(session: Session, request: Request) -> Reply:
    """Return one page of the versions of everything, newest first."""
    return await history_reply(session, request)
