"""Paging through everything over HTTP while others create, change and delete: no duplicate, no gap."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.live import LiveServer
from tests.proofs.corpus import FULL

COUNT = 100_000 if FULL else 20_000
NAMES = 150  # many persons of one name: ties in the order
JSON = {"Content-Type": "application/fhir+json"}
PAGE = 250

pytestmark = [pytest.mark.timeout(1200 if FULL else 240)]


@pytest.fixture(scope="module")
async def crowd(tmp_path_factory: pytest.TempPathFactory, http: aiohttp.ClientSession) -> AsyncIterator[LiveServer]:
    """A server of its own with COUNT persons."""
    with LiveServer(tmp_path_factory.mktemp("paging")) as live:
        numbers = range(0, COUNT, 500)
        room = asyncio.Semaphore(4)

        async def load(first: int) -> None:
            async with room, http.post(live.base, data=people(first, 500), headers=JSON) as answer:
                assert answer.status == 200, await answer.text()

        await asyncio.gather(*(load(first) for first in numbers))
        yield live


def person(number: int, note: str = "") -> dict[str, object]:
    """Return a person whose name many others bear."""
    name = {"family": f"Nom{number % NAMES:03d}", "given": [note or "x"]}
    return {"resourceType": "Patient", "id": f"p{number}", "name": [name], "active": True}


def people(first: int, size: int) -> bytes:
    """Return a transaction that puts a range of persons."""
    numbers = range(first, first + size)
    entries = [
        {"resource": person(number), "request": {"method": "PUT", "url": f"Patient/p{number}"}} for number in numbers
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


async def disturb(http: aiohttp.ClientSession, base: str, over: asyncio.Event) -> Counter[str]:
    """Create new persons, change every seventh and delete every hundredth until told to stop; return what was done."""
    done: Counter[str] = Counter()
    step = 0
    while not over.is_set():
        number = step * 7919 % COUNT
        step += 1
        if number % 100 == 0:
            async with http.delete(f"{base}/Patient/p{number}"):
                done["delete"] += 1
        elif number % 7 == 0:
            async with http.put(f"{base}/Patient/p{number}", json=person(number, f"v{step}")):
                done["update"] += 1
        else:
            async with http.post(f"{base}/Patient", json={k: v for k, v in person(step).items() if k != "id"}):
                done["create"] += 1
    return done


async def walk(http: aiohttp.ClientSession, first: str) -> AsyncIterator[str]:
    """Yield the id of every match, page after page."""
    url: str | None = first
    while url:
        async with http.get(url) as answer:
            page = await answer.json(content_type=None)
        assert answer.status == 200, page
        for entry in page.get("entry", []):
            yield entry["resource"]["id"]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)


@pytest.mark.parametrize("order", ["", "&_sort=_id", "&_sort=family"])
async def test_paging_while_others_write_shows_each_person_once(
    crowd: LiveServer, http: aiohttp.ClientSession, order: str
) -> None:
    over = asyncio.Event()
    writers = [asyncio.create_task(disturb(http, crowd.base, over)) for _ in range(2)]
    seen = [found async for found in walk(http, f"{crowd.base}/Patient?_count={PAGE}&_elements=id{order}")]
    over.set()
    written = sum([await writer for writer in writers], Counter())
    stable = {f"p{number}" for number in range(COUNT) if number % 100}
    assert [found for found, times in Counter(seen).items() if times > 1] == []
    assert len(stable - set(seen)) == 0
    assert written["update"] and written["create"] and written["delete"]
