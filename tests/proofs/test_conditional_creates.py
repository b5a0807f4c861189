"""64 clients create the same person at once: one is made, the others are given it."""

import asyncio
from collections import Counter

import aiohttp
import pytest

from tests.live import LiveServer

SYSTEM = "https://usager.example/conditional"


async def create(http: aiohttp.ClientSession, base: str, value: str) -> tuple[int, str]:
    """Create the person of an identifier unless it exists; return the status and the id."""
    body = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": value}]}
    headers = {"If-None-Exist": f"identifier={SYSTEM}|{value}", "Prefer": "return=representation"}
    async with http.post(f"{base}/Patient", json=body, headers=headers) as answer:
        tree = await answer.json(content_type=None)
        return answer.status, tree.get("id") or str(tree)


@pytest.mark.parametrize("round_", range(3))
async def test_64_identical_conditional_creates_make_one_resource(
    server: LiveServer, http: aiohttp.ClientSession, round_: int
) -> None:
    answers = await asyncio.gather(*(create(http, server.base, f"same-{round_}") for _ in range(64)))
    assert Counter(status for status, _ in answers) == {201: 1, 200: 63}
    assert len({resource_id for _, resource_id in answers}) == 1


async def test_64_identical_transactions_make_one_resource(server: LiveServer, http: aiohttp.ClientSession) -> None:
    condition = f"identifier={SYSTEM}|in-transaction"
    entry = {
        "resource": {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": "in-transaction"}]},
        "request": {"method": "POST", "url": "Patient", "ifNoneExist": condition},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    async def post() -> str:
        async with http.post(server.base, json=bundle) as answer:
            tree = await answer.json(content_type=None)
            return str(tree["entry"][0]["response"]["status"])[:3] if answer.status == 200 else str(tree)

    assert Counter(await asyncio.gather(*(post() for _ in range(64)))) == {"201": 1, "200": 63}


async def test_64_conditional_updates_of_one_identity_make_one_resource(
    server: LiveServer, http: aiohttp.ClientSession
) -> None:
    async def put(number: int) -> int:
        body = {
            "resourceType": "Patient",
            "identifier": [{"system": SYSTEM, "value": "updated"}],
            "name": [{"text": f"{number}"}],
        }
        query = f"identifier={SYSTEM}|updated"
        async with http.put(f"{server.base}/Patient?{query}", json=body) as answer:
            return answer.status

    statuses = Counter(await asyncio.gather(*(put(number) for number in range(64))))
    found = server.get(f"Patient?identifier={SYSTEM}%7Cupdated")
    assert statuses == {201: 1, 200: 63}
    assert [entry["resource"]["meta"]["versionId"] for entry in found["entry"]] == ["64"]
