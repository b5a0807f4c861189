"""`usager worker`: a process that does the jobs until it is told to end."""

import asyncio
import signal

from usager_server.jobs.worker import Worker
from usager_server.jobs.workplace import Workplace
from usager_server.repository.connections import Connections
from usager_server.repository.opening import Source, running
from usager_server.settings import Settings

CONNECTIONS = 9
"""One for the lock of each long job and of the short one under way, and some for the work."""


def work(settings: Settings) -> None:
    """Work until SIGTERM or Ctrl-C; the job under way is finished first. Errors: Unavailable, as `running`."""
    with running(settings) as found:
        asyncio.run(_work(settings, found))


async def _work(settings: Settings, found: Source) -> None:
    connections = Connections(
        found.url,
        size=CONNECTIONS,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        revive=found.cluster.start if found.cluster else None,
    )
    worker = Worker(Workplace(settings, connections))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    try:
        await worker.work()
    finally:
        await connections.close()
