"""kill -9 of server and database, at random, under load: nothing acknowledged is lost, nothing is seen by half."""

import os
from collections.abc import AsyncIterator

import aiohttp
import asyncpg
import pytest

from tests.bench.bulk import database_url
from tests.live import LiveServer
from tests.proofs.corpus import FULL
from tests.proofs.crash import SYSTEM, VICTIMS, Crowd, Ledger

SECONDS = 120 if FULL else 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS * 3 + 120)]


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    return LiveServer(tmp_path_factory.mktemp("crash"), audit="on")


@pytest.fixture(scope="module")
async def ledger(survivor: LiveServer) -> AsyncIterator[Ledger]:
    seed = int(os.environ.get("USAGER_TEST_SEED", "20261122"))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        with survivor.start():
            ledger = await Crowd(http, survivor, seed).run(SECONDS)
            print(
                f"\nkills {ledger.kills}, {len(ledger.acknowledged)} updates and {len(ledger.triples)} triples "
                f"acknowledged, {ledger.reads} reads, seed {seed}"
            )
            yield ledger


def test_nothing_was_seen_by_half_or_out_of_order(ledger: Ledger) -> None:
    assert ledger.wrong == []


def test_there_was_something_to_lose(ledger: Ledger) -> None:
    assert set(ledger.kills) == set(VICTIMS)
    assert len(ledger.acknowledged) > 50
    assert len(ledger.triples) > 25


def test_the_server_revives_its_database_by_itself(ledger: Ledger) -> None:
    assert ledger.stuck == 0


def test_every_acknowledged_update_is_in_the_history(survivor: LiveServer, ledger: Ledger) -> None:
    kept: dict[tuple[str, int], str] = {}
    for url in {url for url, _, _ in ledger.acknowledged}:
        for version in versions(survivor, url):
            kept[url, int(version["meta"]["versionId"])] = version["code"]["text"]
    assert [said for said in ledger.acknowledged if kept.get(said[:2]) != str(said[2])] == []


def test_versions_have_no_gap(survivor: LiveServer, ledger: Ledger) -> None:
    for url in ledger.latest:
        numbers = [int(version["meta"]["versionId"]) for version in versions(survivor, url)]
        assert numbers == list(range(len(numbers), 0, -1))


def test_every_acknowledged_triple_is_whole_and_no_other_is_half(survivor: LiveServer, ledger: Ledger) -> None:
    counts = {mark: count(survivor, mark) for mark in ledger.tried}
    assert {mark for mark, found in counts.items() if found == 3} >= set(ledger.triples)
    assert set(counts.values()) <= {0, 3}


async def test_no_version_is_without_a_trace_and_no_trace_without_its_version(
    survivor: LiveServer, ledger: Ledger
) -> None:
    connection = await asyncpg.connect(database_url(survivor, "postgres"))
    made = await connection.fetch("SELECT id, version FROM resource UNION ALL SELECT id, version FROM history")
    traced = await connection.fetch("SELECT id, version FROM trace WHERE kind IN ('create', 'update') AND outcome = 0")
    shown = await connection.fetchval("SELECT count(*) FROM trace WHERE kind IN ('read', 'search_type')")
    await connection.close()
    assert len(made) > 100 and shown > 100
    assert sorted(map(tuple, made)) == sorted(map(tuple, traced))


async def test_nothing_was_shown_without_a_trace(survivor: LiveServer, ledger: Ledger) -> None:
    connection = await asyncpg.connect(database_url(survivor, "postgres"))
    kept = await connection.fetch("SELECT kind, body::json ->> 'request' FROM trace")
    await connection.close()
    assert {kind for kind, request in kept if request in set(ledger.shown)} == {"read", "search_type"}
    assert set(ledger.shown) <= {request for _, request in kept}


def versions(server: LiveServer, url: str) -> list[dict]:
    """Return every version of a resource, newest first."""
    found, page = [], server.get(f"{url}/_history?_count=500")
    while True:
        found += [entry["resource"] for entry in page.get("entry", [])]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            return found
        page = server.get(following[0].removeprefix(f"{server.base}/"))


def count(server: LiveServer, mark: str) -> int:
    """Return how many resources carry a mark."""
    return len(server.get(f"Basic?identifier={SYSTEM}%7C{mark}").get("entry", []))
