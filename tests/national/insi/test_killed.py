"""kill -9 of the worker in the middle of the verification: resumed, nobody lost, nobody asked about twice."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.national.insi.people import done, patient, stored, value
from tests.whole import running_app
from usager_server.identity.traits import Traits

PEOPLE = 8
VERIFY = "verifierInsAvecTraitsIdentite"
LETTERS = "ABCDEFGH"


def somebody(number):
    """Return somebody that the stand-in is told to know."""
    traits = {"birth_name": f"DUPONT {LETTERS[number]}", "given_names": "ANNE", "sex": "F"}
    return {**traits, "birth_date": "1975-12-31", "birth_place": "63220", "number": f"27512632200{number:02d}00"}


def started(settings, database):
    """Return a worker that runs."""
    own = {**settings, "database_url": database.url, "insi_calls_per_minute": "6000"}
    environment = {f"USAGER_{name.upper()}": str(each) for name, each in own.items()}
    inherited = {name: each for name, each in os.environ.items() if not name.startswith("USAGER_")}
    command = [str(Path(sys.executable).with_name("usager")), "worker"]
    return subprocess.Popen(command, env=inherited | environment, stdout=subprocess.DEVNULL)


async def until(is_so, seconds=60):
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - it is in another process, which tells nobody
            await asyncio.sleep(0.1)


@pytest.mark.requirement("SC.INS.13")
async def test_a_worker_that_is_killed_is_followed_by_one_that_asks_nobody_twice(
    database, insi, asked, insi_settings, tmp_path
):
    await insi.seed({"persons": [somebody(it) for it in range(PEOPLE)]})
    settings = {**insi_settings, "data_dir": tmp_path, "audit": "on"}
    owner = await asyncpg.connect(database.superuser_url)
    async with running_app(database.url, **settings) as client:
        for it in range(PEOPLE):
            traits = Traits(somebody(it)["birth_name"], "Anne", "", "F", "1975-12-31")
            made = await stored(client, patient(traits))
            found = await done(client, f"Patient/{made['id']}/$ins-search")
            await done(client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer"))
        worker = started(settings, database)
        await until(lambda: _watched(owner, PEOPLE))
        await insi.fault("delay", seconds=0.5, times=PEOPLE)
        await owner.execute("UPDATE insi_watch SET due = now()")
        await until(lambda: _asked(asked, 3))
        worker.kill()
        worker.wait()
        assert await owner.fetchval("SELECT count(*) FROM insi_watch WHERE state = 1") == 1
        worker = started(settings, database)
        await until(lambda: _nobody_is_due(owner))
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 30) == 0
        counts = await asked.counts(VERIFY)
        assert set(counts.values()) == {1}
        assert len(counts) == PEOPLE
        tasks = (await client.get("/fhir/Task?_count=50")).json()["entry"]
        assert [it["resource"]["businessStatus"]["coding"][0]["code"] for it in tasks] == ["unanswered"]
        assert await owner.fetchval("SELECT count(*) FROM insi_watch WHERE state = 0") == PEOPLE - 1
    await owner.close()


async def _watched(owner, number):
    return await owner.fetchval("SELECT count(*) FROM insi_watch") == number


async def _asked(asked, least):
    return len(await asked.counts(VERIFY)) >= least


async def _nobody_is_due(owner):
    return await owner.fetchval("SELECT count(*) = 0 FROM insi_watch WHERE state = 1 OR (state = 0 AND due <= now())")
