"""The chain of traces: what anyone with the power of a superuser changes in it is found."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from tests.conftest import Database
from tests.repository.looking import look
from usager_server.repository.postgres import PostgresRepository
from usager_server.repository.trace_links import add_links, head_of_chain
from usager_server.repository.trace_verifying import verified
from usager_server.repository.tracing import record
from usager_server.traces.anchors import Anchor
from usager_server.traces.event import Event, Origin

SOMEONE = Origin("Practitioner/1")
Change = Callable[..., Awaitable[None]]


@pytest.fixture
async def linked(repository: PostgresRepository) -> PostgresRepository:
    """A repository with a chain of ten traces, the even ones of two Patients."""
    for number in range(10):
        patients = ("one", "two") if number % 2 == 0 else ("one",)
        await record(
            repository.runner, [Event("read", SOMEONE, type="Observation", id=f"o{number}", patients=patients)]
        )
    assert await add_links(repository.runner, 60) == 10
    return repository


@pytest.fixture
async def change(database: Database) -> Change:
    """Return what runs a statement as a superuser whom no trigger stops."""

    async def run(statement: str, *arguments: object) -> None:
        connection = await asyncpg.connect(database.superuser_url)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement, *arguments)
        await connection.close()

    return run


async def findings(repository: PostgresRepository, *anchors: Anchor) -> list[str]:
    """Return what a verification finds."""
    return (await verified(repository.runner, anchors)).findings


async def anchor(repository: PostgresRepository) -> Anchor:
    """Return an anchor of the chain as it is."""
    head = await head_of_chain(repository.runner)
    assert head is not None
    return Anchor(1, *head, datetime(2026, 11, 26, tzinfo=UTC))


ROW_OF = r"(SELECT row FROM trace_link WHERE tenant = 1 AND seq = \1)"


async def test_a_chain_left_alone_is_whole(linked: PostgresRepository) -> None:
    verdict = await verified(linked.runner, [await anchor(linked)])
    assert (verdict.links, verdict.anchors, verdict.findings) == (10, 1, [])


async def test_links_are_added_behind_the_writers(linked: PostgresRepository, database: Database) -> None:
    assert await add_links(linked.runner, 60) == 0
    await record(linked.runner, [Event("delete", SOMEONE, type="Observation", id="o1")])
    assert await add_links(linked.runner, 60) == 1
    assert await look(database, "SELECT count(*), max(seq), count(DISTINCT hash) FROM trace_link") == [(11, 11, 11)]


async def test_two_who_link_at_once_make_one_chain(repository: PostgresRepository) -> None:
    for _ in range(5):
        await record(repository.runner, [Event("read", SOMEONE)] * 20)
        await asyncio.gather(*(add_links(repository.runner, 60) for _ in range(4)))
    verdict = await verified(repository.runner, [])
    assert (verdict.links, verdict.findings) == (100, [])


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "UPDATE trace SET subject = 'Practitioner/2' WHERE row = link 4",
            "link 4: .* not what was linked",
        ),
        ("UPDATE trace SET version = 9 WHERE row = link 10", "link 10: .* not what was linked"),
        ("UPDATE trace SET body = '{}' WHERE row = link 1", "link 1: .* not what was linked"),
        ("DELETE FROM trace WHERE row = link 5", "link 5: its trace .* is missing"),
        ("DELETE FROM trace_link WHERE seq = 5", "links 5 to 5 are missing"),
        ("DELETE FROM trace_link WHERE seq = 1", "links 1 to 1 are missing"),
        ("UPDATE trace_link SET hash = sha256('x') WHERE seq = 7", "link 7: .* not what was linked"),
        ("DELETE FROM trace_patient WHERE row = link 3", "not found by each of its Patients"),
    ],
)
async def test_a_change_is_found(linked: PostgresRepository, change: Change, statement: str, finding: str) -> None:
    await change(re.sub(r"\blink (\d+)$", ROW_OF, statement))
    found = await findings(linked)
    assert any(re.search(finding, one) for one in found), found


async def test_two_traces_that_changed_places_are_found(linked: PostgresRepository, change: Change) -> None:
    await change(
        "WITH r AS (SELECT min(row) FILTER (WHERE seq = 3) AS low, min(row) FILTER (WHERE seq = 4) AS high"
        " FROM trace_link) UPDATE trace SET id = CASE row WHEN r.low THEN 'o3' ELSE 'o2' END FROM r"
        " WHERE row IN (r.low, r.high)"
    )
    found = await findings(linked)
    assert [one.split(":")[0] for one in found] == ["link 3", "link 4"]


async def test_an_end_cut_off_before_its_anchor_is_found(linked: PostgresRepository, change: Change) -> None:
    anchored = await anchor(linked)
    await change("DELETE FROM trace WHERE row IN (SELECT row FROM trace_link WHERE seq > 7)")
    await change("DELETE FROM trace_link WHERE seq > 7")
    assert await findings(linked) == []  # a chain alone cannot know: this is what anchors are for
    assert await findings(linked, anchored) == ["links 8 to 10 are missing: they were anchored on 2026-11-26 00:00 UTC"]


async def test_a_chain_written_anew_is_found_by_its_anchor(linked: PostgresRepository, change: Change) -> None:
    anchored = await anchor(linked)
    await change("UPDATE trace SET subject = 'Practitioner/2' WHERE id = 'o1'")
    await change("DELETE FROM trace_link")
    await add_links(linked.runner, 60)
    assert await findings(linked) == []
    assert await findings(linked, anchored) == ["link 10 is not the one that was anchored on 2026-11-26 00:00 UTC"]


async def test_traces_without_a_link_are_told_after_a_minute(linked: PostgresRepository, change: Change) -> None:
    await record(linked.runner, [Event("read", SOMEONE)])
    assert await findings(linked) == []
    minutes_ago = (5 * 60 * 1000) << 22
    await change("UPDATE trace SET row = row - $1 WHERE id = ''", minutes_ago)
    assert await findings(linked) == ["1 traces have no link after 60 s: does `usager worker` run?"]


async def test_a_tenant_has_a_chain_of_its_own(
    linked: PostgresRepository, other_repository: PostgresRepository
) -> None:
    await record(other_repository.runner, [Event("read", SOMEONE)])
    assert await add_links(other_repository.runner, 60) == 1
    assert (await verified(other_repository.runner, [await anchor(linked)])).links == 1
    assert (await verified(linked.runner, [])).links == 10
