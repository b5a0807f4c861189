"""Recording what is about to be shown: traces of requests that run at once share a statement."""

import asyncio
import logging

from usager_server.errors import Unavailable
from usager_server.repository.connections import Connections
from usager_server.repository.running import Runner
from usager_server.repository.tracing import record
from usager_server.traces.event import Event

MOST_TOGETHER = 200
LINGER_SECONDS = 0.002
UNTRACED = "What was asked for cannot be traced now, so it is not shown; try again later."

log = logging.getLogger(__name__)

Waiting = tuple[Event, asyncio.Future[None]]


class Scribe:
    """Records for those who wait: who comes while a statement runs is in the next one.

    Shape   a queue for each tenant that has something to record, and one statement at a time for each: under load a
            trace costs a fraction of a statement and of a flush to disk; alone it waits for nobody.
    Time    while others read, LINGER_SECONDS more.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._queues: dict[int, list[Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def record(self, tenant: int, event: Event) -> None:
        """Store a trace; it is on disk when this returns. Errors: Unavailable (503): nothing must be shown."""
        done = asyncio.get_running_loop().create_future()
        if (queue := self._queues.get(tenant)) is None:
            queue = self._queues[tenant] = []
            task = asyncio.create_task(self._empty(tenant, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        queue.append((event, done))
        await done

    async def _empty(self, tenant: int, queue: list[Waiting]) -> None:
        while queue:
            if self._connections.is_busy:  # what others are reading now will be traced too, with this
                await asyncio.sleep(LINGER_SECONDS)
            together = queue[:MOST_TOGETHER]
            del queue[:MOST_TOGETHER]
            recorded = await self._recorded(tenant, [event for event, _ in together])
            for _, done in together:
                if done.done():  # its client has gone
                    continue
                if recorded:
                    done.set_result(None)
                else:
                    done.set_exception(Unavailable(UNTRACED))
        del self._queues[tenant]

    async def _recorded(self, tenant: int, events: list[Event]) -> bool:
        """Record, and tell whether it was done, whatever went wrong: each who waits is to be told."""
        try:
            await record(Runner(self._connections, tenant), events)
        except Exception as error:
            log.warning("traces not recorded: %s", type(error).__name__)
            return False
        return True
