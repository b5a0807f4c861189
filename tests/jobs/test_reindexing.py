"""What was stored before a search parameter or a key came is indexed anew: whole, resumed, beside those who write."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.repository.drafting import now
from tests.repository.looking import index_rows, look
from tests.repository.test_held import bearing
from usager_server.definitions import SearchParameter
from usager_server.jobs.office import Office, offices
from usager_server.jobs.reindexing import Reindexing, index_anew
from usager_server.jobs.workplace import Workplace
from usager_server.matching.doubles import double_task_id
from usager_server.repository import index_editions
from usager_server.repository.connections import Connections
from usager_server.repository.drafts import draft
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.editions import numbered, reasons
from usager_server.search.holding import is_held
from usager_server.search.parameters import SearchRegistry
from usager_server.settings import Settings

BEFORE = '{":rows":"0"}'
TABLES = ("index_token", "index_reference", "index_string", "index_date", "index_number")


@pytest.fixture
def place(connections: Connections, tmp_path: Path) -> Workplace:
    """A workplace on this test's database, where nobody waits for the pace."""
    return Workplace(Settings(data_dir=tmp_path, reindex_per_second=100_000), connections)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office, for its house: its store is not used."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("office"))
    return Office(Workplace(settings, Connections("postgresql://nowhere")))


@pytest.fixture(scope="module")
def search_registry(office: Office) -> SearchRegistry:
    """The search parameters of a server, those of the profile that is always on included."""
    return office.house.registry


async def stored(repository: PostgresRepository, registry: SearchRegistry, count: int, **more: Any) -> None:
    """Store some Patients."""
    people = [
        {"resourceType": "Patient", "name": [{"family": f"Le Goff {number}", "given": ["Anne"]}], **more}
        for number in range(count)
    ]
    drafts = [
        draft(each, f"p{number}", tenant=repository.runner.tenant, now=now(), registry=registry, method="PUT")
        for number, each in enumerate(people)
    ]
    await repository.create(drafts)


async def declared(place: Workplace, registry: SearchRegistry) -> None:
    """Have the Patients be stored by an edition before the one that is wanted."""
    wanted = numbered(registry)
    async with place.connections.borrowed() as connection:
        await index_editions.declare(connection, wanted | {registry.definitions.type_numbers["Patient"]: BEFORE})
        await index_editions.declare(connection, wanted)


async def emptied(database: Database) -> None:
    """Take away what resources are found by."""
    for table in TABLES:
        await look(database, f"DELETE FROM {table}")  # noqa: S608 - names of our own


async def test_all_that_is_stored_is_indexed_anew_and_no_version_is_made(
    place: Workplace, repository: PostgresRepository, search_registry: SearchRegistry, database: Database
) -> None:
    await stored(repository, search_registry, 120, birthDate="1951-03-12", active=True)
    whole = await index_rows(database)
    await emptied(database)
    await look(database, "INSERT INTO index_token (tenant, head, tail, row) SELECT 1, 7, 7, row FROM resource")
    await declared(place, search_registry)
    assert await index_anew(place) == 120
    assert await index_rows(database) == whole
    assert await look(database, "SELECT DISTINCT version FROM resource") == [(1,)]
    assert await look(database, "SELECT count(*) FROM history") == [(0,)]
    assert await index_anew(place) == 0


async def test_every_organisation_is_and_each_by_its_own_hashes(
    place: Workplace, repository: PostgresRepository, other_repository: PostgresRepository,
    search_registry: SearchRegistry, database: Database,
) -> None:  # fmt: skip
    for one in (repository, other_repository):
        await stored(one, search_registry, 3)
    whole = await index_rows(database)
    await emptied(database)
    await declared(place, search_registry)
    assert await index_anew(place) == 6
    assert await index_rows(database) == whole


async def test_what_was_stored_is_due_for_what_came_later(place: Workplace, search_registry: SearchRegistry) -> None:
    wanted = numbered(search_registry)
    patient = search_registry.definitions.type_numbers["Patient"]
    async with place.connections.borrowed() as connection:
        assert await index_editions.declare(connection, wanted) == {}
        fewer = wanted | {patient: '{"active":"other"}'}
        assert set(await index_editions.declare(connection, fewer)) == {patient}
        assert set(await index_editions.declare(connection, wanted)) == {patient}
        since = (await index_editions.due(connection))[patient].since
        await index_editions.complete(connection, patient, since - timedelta(seconds=1))
        assert set(await index_editions.due(connection)) == {patient}
        await index_editions.complete(connection, patient, since)
        assert await index_editions.due(connection) == {}


async def test_a_parameter_of_a_plugin_is_due_for_its_type_and_said(
    place: Workplace, search_registry: SearchRegistry
) -> None:
    added = SearchParameter("decision", "token", ["Task"], "Task.businessStatus", "http://a.test/decision", [], [])
    more = SearchRegistry(search_registry.definitions, [added])
    async with place.connections.borrowed() as connection:
        await index_editions.declare(connection, numbered(search_registry))
        due = await index_editions.declare(connection, numbered(more))
    (said,) = reasons(more, due)
    assert said.startswith("to be indexed anew: Task: stored before decision came")


async def test_a_worker_of_other_profiles_takes_nothing_away(
    place: Workplace, repository: PostgresRepository, search_registry: SearchRegistry, database: Database
) -> None:
    await stored(repository, search_registry, 1)
    whole = await index_rows(database)
    async with place.connections.borrowed() as connection:
        await index_editions.declare(connection, numbered(search_registry))
        await index_editions.declare(connection, dict.fromkeys(numbered(search_registry), '{"of a plugin":"1"}'))
    assert await index_anew(place) == 0
    assert await index_rows(database) == whole


async def test_who_writes_meanwhile_wins_and_is_not_held_up(
    place: Workplace, repository: PostgresRepository, search_registry: SearchRegistry, database: Database
) -> None:
    await stored(repository, search_registry, 60)
    await emptied(database)
    await declared(place, search_registry)
    await offices.at(place)  # which takes a while
    async with repository.transaction() as writing:
        changed = {"resourceType": "Patient", "name": [{"family": "Autre"}]}
        one = draft(changed, "p7", tenant=1, now=now(), registry=search_registry, method="PUT")
        await writing.update(one)
        working = asyncio.create_task(index_anew(place))
        async with asyncio.timeout(25):
            while await look(database, "SELECT count(DISTINCT row) FROM index_token") != [(49,)]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await repository.delete("Patient", "p8", last_updated=now())
    assert await working == 60
    assert len(await look(database, "SELECT DISTINCT row FROM index_string")) == 59
    texts = await look(database, "SELECT value FROM index_string JOIN resource USING (row) WHERE id = 'p7'")
    assert texts == [("autre",)]


async def test_two_records_of_one_matricule_are_told_once_and_one_holds_it(
    place: Workplace, repository: PostgresRepository, search_registry: SearchRegistry, database: Database
) -> None:
    people = [bearing(search_registry, f"p{number}", f"2751263220749{number:02}") for number in range(3)]
    double = bearing(search_registry, "double", "275126322074901")
    without = [token for token in double.index.tokens if not is_held(token)]
    await repository.create([*people, replace(double, index=replace(double.index, tokens=without))])
    for _ in range(2):
        await declared(place, search_registry)
        assert await index_anew(place) == 4
    key = double_task_id("double", "p1")
    task = await repository.read("Task", key)
    assert task is not None and task.document is not None
    assert '"Patient/double"' in task.document and '"Patient/p1"' in task.document
    assert await look(database, "SELECT count(*) FROM resource WHERE id LIKE 'double-%'") == [(1,)]
    assert await look(database, "SELECT doubles FROM reindexing WHERE doubles > 0") == [(1,)]


async def test_a_process_that_is_killed_is_followed_by_another(
    place: Workplace, repository: PostgresRepository, search_registry: SearchRegistry, database: Database,
    tmp_path: Path,
) -> None:  # fmt: skip
    count = 400
    for start in range(0, count, 100):
        drafts = [
            draft(
                {"resourceType": "Patient", "active": True}, f"p{number}",
                tenant=1, now=now(), registry=search_registry, method="PUT",
            )
            for number in range(start, start + 100)
        ]  # fmt: skip
        await repository.create(drafts)
    whole = await index_rows(database)
    await emptied(database)
    await declared(place, search_registry)

    def start(*options: str) -> "subprocess.Popen[bytes]":
        environment = {"USAGER_DATABASE_URL": database.url, "USAGER_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
        command = [str(Path(sys.executable).with_name("usager")), "reindex", *options]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    first = start("--per-second", "100")
    async with asyncio.timeout(60):
        while not any(done >= 100 for (done,) in await look(database, "SELECT done FROM reindexing")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    await asyncio.to_thread(first.communicate)
    ((reached,),) = await look(database, "SELECT done FROM reindexing WHERE done > 0")
    assert reached < count
    second = await asyncio.to_thread(lambda: start().communicate(timeout=60))
    assert b"Done." in second[0]
    assert await index_rows(database) == whole
    assert await look(database, "SELECT done, total FROM reindexing WHERE done > 0") == [(count, count)]
    told = await asyncio.to_thread(lambda: start("--status").communicate(timeout=60))
    assert b"Nothing is to be indexed anew." in told[0]


async def test_the_pace_is_bounded(
    place: Workplace, repository: PostgresRepository, search_registry: SearchRegistry, office: Office
) -> None:
    await stored(repository, search_registry, 100)
    await declared(place, search_registry)
    patient = search_registry.definitions.type_numbers["Patient"]
    async with place.connections.borrowed() as connection:
        due = {number: pair for number, pair in (await index_editions.due(connection)).items() if number == patient}
    began = asyncio.get_running_loop().time()
    assert await Reindexing(place, office, 100).do(due) == 100
    assert asyncio.get_running_loop().time() - began >= 1
