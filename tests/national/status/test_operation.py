"""$national-services-status: the link always, the rest as far as it is known."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.whole import running_app
from usager_server.national.status import client as transport
from usager_server.national.status import operation

pytestmark = pytest.mark.requirement("SC.STATPP.01")


@pytest.fixture
async def client(database, sandbox, page) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that reads the stand-in."""
    async with running_app(database.url, **sandbox.settings) as client:
        yield client


async def status(client: httpx.AsyncClient) -> dict[str, object]:
    """Return the values of an answer; those of the services by name."""
    response = await client.get("/fhir/$national-services-status")
    assert response.status_code == 200, response.text
    found: dict[str, object] = {}
    for each in response.json()["parameter"]:
        parts = {
            part["name"]: next(v for k, v in part.items() if k.startswith("value")) for part in each.get("part", ())
        }
        value = next((value for key, value in each.items() if key.startswith("value")), None)
        found[parts["name"] if parts else each["name"]] = parts["state"] if parts else value
    return found


async def test_the_link_is_given_when_no_summary_is_read(database):
    async with running_app(database.url) as client:
        found = await status(client)
    assert found["link"] == "https://status.esante.gouv.fr"
    assert found["state"] == "unknown"
    assert "consultez la météo des services" in str(found["message"])


async def test_each_service_is_told(client, page):
    await page.seed({"MSSanté": "partial_outage", "ROR": "under_maintenance"})
    found = await status(client)
    assert found["state"] == "partial-outage"
    assert (found["MSSanté"], found["ROR"], found["Pro Santé Connect"]) == (
        "partial-outage", "maintenance", "operational",
    )  # fmt: skip
    assert "message" not in found


async def test_many_who_ask_at_once_make_one_look(client, page):
    await asyncio.gather(*(status(client) for _ in range(20)))
    assert len(await page.received()) == 1


async def test_a_change_is_seen_once_the_last_look_is_too_old(client, page, monkeypatch):
    monkeypatch.setattr(operation, "KEPT_SECONDS", 0.0)
    assert (await status(client))["state"] == "operational"
    await page.seed({"ROR": "major_outage"})
    assert (await status(client))["state"] == "outage"


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("delay", {"seconds": 5}, operation.DOWN),
        ("drop", {}, operation.DOWN),
        ("status", {"status": 503}, operation.DOWN),
        ("status", {"status": 404}, operation.UNREADABLE),
        ("malformed", {}, operation.UNREADABLE),
        ("expired-token", {}, operation.UNREADABLE),
    ],
)
async def test_when_the_page_fails_the_link_stays_and_the_user_is_told(
    client, page, monkeypatch, kind, options, message
):
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.5 if kind == "delay" else 10)
    await page.fault(kind, **options)
    found = await status(client)
    assert found["link"] == "https://status.esante.gouv.fr"
    assert (found["state"], found["message"]) == ("unknown", message)


async def test_a_duplicate_answer_changes_nothing(client, page):
    await page.fault("duplicate")
    assert (await status(client))["state"] == "operational"


async def test_the_answer_is_valid(client):
    answer = (await client.get("/fhir/$national-services-status")).json()
    asked = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": answer}]}
    outcome = await client.post("/fhir/Parameters/$validate", json=asked)
    assert [it for it in outcome.json()["issue"] if it["severity"] == "error"] == []
