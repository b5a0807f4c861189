"""kill -9 of the database while others write: what was acknowledged is there, the rest is there whole or not at all."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.repository.drafting import patient
from usager_server.definitions import Definitions
from usager_server.errors import FHIRError
from usager_server.repository.cluster_files import is_listening
from usager_server.repository.connections import Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.migrating import migrate
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.search.index import IndexRows

KILLS = 3
SECONDS_BETWEEN_KILLS = 1.0
WRITERS = 4


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A durable cluster of this test's own, to be killed."""
    cluster = EmbeddedPostgres(tmp_path)
    cluster.start()
    await migrate(cluster.url())
    yield cluster
    cluster.stop()


class Writer:
    """Writes pairs, each pair in one transaction, until told to stop; remembers those acknowledged, and those tried."""

    def __init__(self, repository: PostgresRepository, number: int) -> None:
        self.repository = repository
        self.number = number
        self.acknowledged: set[str] = set()
        self.tried: set[str] = set()

    async def write(self, stop: asyncio.Event) -> None:
        for turn in count():
            if stop.is_set():
                return
            name = f"w{self.number}-{turn}"
            self.tried.add(name)
            with contextlib.suppress(FHIRError):
                async with self.repository.transaction() as inside:
                    await inside.create([patient(f"{name}-a", rows=IndexRows(tokens=[(1, turn), (1, turn + 1)]))])
                    await inside.create([patient(f"{name}-b")])
                self.acknowledged.add(name)


async def kill(cluster: EmbeddedPostgres) -> None:
    """Kill the server as a power cut would, once it is back from the time before, and see it dead."""
    while (pid := cluster.pid()) is None or not psutil.pid_exists(pid):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    while is_listening(cluster.socket) and cluster.pid() == pid:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_nothing_acknowledged_is_lost(cluster: EmbeddedPostgres, definitions: Definitions) -> None:
    connections = Connections(cluster.url("usager_app"), size=WRITERS, revive=cluster.start)
    repository = PostgresStore(connections, definitions.type_numbers).repository(1)
    writers = [Writer(repository, number) for number in range(WRITERS)]
    stop = asyncio.Event()
    running = [asyncio.create_task(writer.write(stop)) for writer in writers]
    for _ in range(KILLS):
        await asyncio.sleep(SECONDS_BETWEEN_KILLS)
        await kill(cluster)
    await asyncio.sleep(SECONDS_BETWEEN_KILLS)
    stop.set()
    await asyncio.gather(*running)
    for writer in writers:
        names = [("Patient", f"{name}-{half}") for name in sorted(writer.tried) for half in "ab"]
        found = {key for _, key in await repository.read_many(names)}
        assert {f"{name}-{half}" for name in writer.acknowledged for half in "ab"} <= found
        assert all((f"{name}-a" in found) == (f"{name}-b" in found) for name in writer.tried)
    assert min(len(writer.acknowledged) for writer in writers) > 0
    await connections.close()


async def test_a_read_survives_the_death_of_its_connection(cluster: EmbeddedPostgres, definitions: Definitions) -> None:
    connections = Connections(cluster.url("usager_app"), size=2, revive=cluster.start)
    repository = PostgresStore(connections, definitions.type_numbers).repository(1)
    await repository.create([patient("one")])
    await kill(cluster)
    assert await repository.read("Patient", "one") is not None
    await connections.close()
