"""Recording what is about to be shown: traces of requests that run at once share a statement."""

import logging
from collections.abc import Sequence

from usager_server.errors import Unavailable
from usager_server.repository.connections import Connections
from usager_server.repository.running import Runner
from usager_server.repository.together import Together
from usager_server.repository.tracing import record
from usager_server.traces.event import Event

MOST_TOGETHER = 200
UNTRACED = "What was asked for cannot be traced now, so it is not shown; try again later."

log = logging.getLogger(__name__)


class Scribe:
    """Records for those who wait: who comes while a statement runs is in the next one."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._together = Together[int, Event, None](self._recorded, most=MOST_TOGETHER)

    async def record(self, tenant: int, event: Event) -> None:
        """Store a trace; it is on disk when this returns. Errors: Unavailable (503): nothing must be shown."""
        try:
            await self._together.done(tenant, event)
        except Exception as error:  # whatever went wrong: what is not traced is not shown
            log.warning("trace not recorded: %s", type(error).__name__)
            raise Unavailable(UNTRACED) from error

    async def _recorded(self, tenant: int, events: Sequence[Event]) -> Sequence[None]:
        await record(Runner(self._connections, tenant), events)
        return [None] * len(events)
