"""The backup of the day: made once, after its hour, whoever is restarted; the other jobs go on meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.backup.conftest import settings_of
from tests.conftest import Database
from usager_server.backup.keys import make_key
from usager_server.backup.shelf import INSTANT, Shelf
from usager_server.jobs.backing_up import back_up_daily
from usager_server.jobs.schedule import JOBS, Job
from usager_server.jobs.worker import Worker
from usager_server.jobs.workplace import Workplace
from usager_server.repository.connections import Connections


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Workplace]:
    """A workplace whose settings want a backup each day, at this hour."""
    make_key(tmp_path / "key")
    connections = Connections(database.url, size=3)
    yield Workplace(settings_of(database, tmp_path, backup_hour=datetime.now(UTC).hour), connections)
    await connections.close()


async def test_one_is_made_a_day(place: Workplace, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "backups")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime(INSTANT)
    (tmp_path / "backups" / yesterday).mkdir(parents=True)
    assert [await back_up_daily(place), await back_up_daily(place)] == [1, 0]
    assert len(shelf.backups()) == 2


async def test_without_a_folder_none_is_made(place: Workplace) -> None:
    settings = place.settings.model_copy(update={"backup_folder": None})
    assert await back_up_daily(Workplace(settings, place.connections)) == 0


async def test_one_that_fails_is_told_in_the_log_and_ends_no_worker(
    place: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").unlink()
    assert await back_up_daily(place) == 0
    assert "backup failed" in capsys.readouterr().out


async def test_a_long_job_keeps_no_other_waiting_and_is_broken_off_at_the_end(place: Workplace) -> None:
    done, began = 0, asyncio.Event()

    async def last_long(_place: Workplace) -> int:
        began.set()
        await asyncio.sleep(60)
        return 1

    async def be_short(_place: Workplace) -> int:
        nonlocal done
        done += 1
        return 0

    worker = Worker(place, [Job(98, "long", 0, last_long, is_long=True), Job(99, "short", 0, be_short)])
    work = asyncio.create_task(worker.work())
    await asyncio.wait_for(began.wait(), 10)
    before = done
    await asyncio.sleep(0.7)
    assert done > before
    worker.stop()
    await asyncio.wait_for(work, 10)


def test_backups_are_made_aside() -> None:
    assert [job.is_long for job in JOBS if job.do is back_up_daily] == [True]
