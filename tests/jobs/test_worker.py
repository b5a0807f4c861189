"""The worker: each job by one process at a time, each tenant's traces linked and anchored, kill -9 survived."""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from tests.conftest import Database
from tests.repository.looking import look
from usager_server.errors import Unavailable
from usager_server.jobs import anchoring
from usager_server.jobs.anchoring import Anchoring
from usager_server.jobs.housekeeping import OrphanContents, make_partitions
from usager_server.jobs.linking import link_late_traces, link_traces
from usager_server.jobs.running import CONNECTIONS
from usager_server.jobs.schedule import JOBS, Job
from usager_server.jobs.worker import Worker
from usager_server.jobs.workplace import Workplace
from usager_server.repository import contents
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresRepository
from usager_server.repository.tracing import record
from usager_server.settings import Settings
from usager_server.traces.anchors import Anchor, BadAnchors, read_anchors, signing_key
from usager_server.traces.event import Event, Origin

READ = Event("read", Origin("Practitioner/1"))


@pytest.fixture
def place(connections: Connections, tmp_path: Path) -> Workplace:
    """A workplace on this test's database."""
    return Workplace(Settings(data_dir=tmp_path), connections)


async def test_bytes_are_looked_at_once_in_a_workers_life(
    place: Workplace, repository: PostgresRepository, database: Database
) -> None:
    async def stored(days: float) -> None:
        data = (contents.key_at(timedelta(days=days)), b"x")
        await look(database, "INSERT INTO content (tenant, key, part, data) VALUES (1, $1, 0, $2)", *data)

    assert await repository.exists()
    job = OrphanContents()
    for days in (3, 0.5):
        await stored(days)
    assert await job.remove(place) == 1
    await stored(2)
    assert (await job.remove(place), await OrphanContents().remove(place)) == (0, 1)
    assert await look(database, "SELECT count(*) FROM content") == [(1,)]


async def test_every_tenant_is_linked(
    place: Workplace, repository: PostgresRepository, other_repository: PostgresRepository, database: Database
) -> None:
    await record(repository.runner, [READ, READ])
    await record(other_repository.runner, [READ])
    assert await link_traces(place) == 3
    assert await link_late_traces(place) == 0
    assert await look(database, "SELECT tenant, count(*) FROM trace_link GROUP BY 1 ORDER BY 1") == [(1, 2), (2, 1)]


async def test_a_chain_that_grew_is_anchored_once_an_hour(place: Workplace, repository: PostgresRepository) -> None:
    anchor = Anchoring().anchor
    assert await anchor(place) == 0
    await record(repository.runner, [READ])
    await link_traces(place)
    assert await anchor(place) == 1
    await record(repository.runner, [READ])
    await link_traces(place)
    assert await anchor(place) == 0
    (made,) = read_anchors(place.settings.audit_anchors, signing_key(place.settings.audit_key))
    assert (made.tenant, made.seq) == (1, 1)


async def test_the_anchors_are_read_again_when_a_chain_is_anchored_or_somebody_wrote_them(
    place: Workplace, repository: PostgresRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def reading(path: Path, key: OKPKey) -> list[Anchor]:
        read.append(path)
        return read_anchors(path, key)

    monkeypatch.setattr(anchoring, "read_anchors", reading)
    anchor, often = (
        Anchoring().anchor,
        replace(place, settings=place.settings.model_copy(update={"audit_anchor_minutes": 0})),
    )
    await record(repository.runner, [READ])
    await link_traces(place)
    assert [await anchor(place) for _ in range(3)] == [1, 0, 0]
    assert len(read) == 1
    await record(repository.runner, [READ])
    await link_traces(place)
    assert await anchor(often) == 1
    assert len(read) == 2
    with place.settings.audit_anchors.open("a") as file:
        file.write("not an anchor\n")
    with pytest.raises(BadAnchors, match="line 3"):
        await anchor(place)


def test_what_takes_longer_the_more_is_stored_is_done_aside() -> None:
    assert {job.name for job in JOBS if job.is_long} == {
        *("remove orphan contents", "back up", "verify identities", "look at every identity", "index anew"),
    }
    assert sum(job.is_long for job in JOBS) + 1 < CONNECTIONS  # each holds one while it works on another


async def test_partitions_that_are_there_are_not_made_again(place: Workplace) -> None:
    assert await make_partitions(place) == 0


async def test_two_workers_never_do_one_job_at_once(place: Workplace) -> None:
    doing, most, times = 0, 0, 0

    async def do(_place: Workplace) -> int:
        nonlocal doing, most, times
        doing, times = doing + 1, times + 1
        most = max(most, doing)
        await asyncio.sleep(0.05)
        doing -= 1
        return 0

    workers = [Worker(place, [Job(99, "slow", 0, do)]) for _ in range(3)]
    for _ in range(3):
        await asyncio.gather(*(worker.round() for worker in workers))
    assert (most, times) == (1, 3)


async def test_a_job_that_fails_leaves_the_others_alone(place: Workplace) -> None:
    done = []

    async def fail(_place: Workplace) -> int:
        raise Unavailable("down")

    async def do(_place: Workplace) -> int:
        done.append(1)
        return 1

    worker = Worker(place, [Job(98, "failing", 0, fail), Job(99, "fine", 0, do)])
    await worker.round()
    await worker.round()
    assert done == [1, 1]


def test_every_job_has_a_lock_of_its_own() -> None:
    assert len({job.number for job in JOBS}) == len(JOBS)


async def test_a_worker_that_is_killed_is_followed_by_another(
    repository: PostgresRepository, database: Database, tmp_path: Path
) -> None:
    def start() -> "subprocess.Popen[bytes]":
        environment = {"USAGER_DATABASE_URL": database.url, "USAGER_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
        command = [str(Path(sys.executable).with_name("usager")), "worker"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    async def linked(count: int) -> bool:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if await look(database, "SELECT count(*) FROM trace_link") == [(count,)]:
                return True
            await asyncio.sleep(0.1)
        return False

    await record(repository.runner, [READ] * 5)
    first = start()
    assert await linked(5)
    first.kill()
    first.wait()
    await record(repository.runner, [READ] * 5)
    second = start()
    assert await linked(10)
    second.terminate()
    assert await asyncio.to_thread(second.wait, 20) == 0
