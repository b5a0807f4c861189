"""When the tables should be counted again: after some hundreds of rows, then each time they are ten times more."""

import asyncio
import logging

from usager_server.errors import FHIRError
from usager_server.repository.connections import Connections
from usager_server.repository.postgres_errors import DATABASE_ERRORS

FIRST, FACTOR = 200, 10

log = logging.getLogger(__name__)


class Growth:
    """Counts what this process creates and has the statistics refreshed, in the background.

    A plan made while a table was empty may read all of it for a row, and is kept until the table is counted. Autovacuum
    counts too, a minute later: long enough for an import to crawl.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._created = 0
        self._next = FIRST
        self._task: asyncio.Task[None] | None = None

    def add(self, created: int) -> None:
        """Note that resources were created and committed."""
        self._created += created
        if self._created >= self._next:
            self._next *= FACTOR
            self._task = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            async with self._connections.borrowed() as connection:
                await connection.execute("SELECT refresh_statistics()")
        except (*DATABASE_ERRORS, FHIRError) as error:  # the next tenfold, or autovacuum, will do
            log.warning("statistics not refreshed: %s", error)
