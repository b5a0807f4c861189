"""The change of weight, through HTTP on a real server."""

from collections.abc import AsyncIterator

import httpx
import pytest

from usager_server.testing import running_server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with the profile on."""
    async with running_server("pesee") as client:
        yield client


def weighing(kilograms: float, day: str) -> dict[str, object]:
    """Return the weighing of a person on a day."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/zoe"},
        "effectiveDateTime": day,
        "valueQuantity": {"value": kilograms, "system": "http://unitsofmeasure.org", "code": "kg"},
    }


async def test_the_change_is_told_once_there_are_two_weighings(client: httpx.AsyncClient):
    await client.put("Patient/zoe", json={"resourceType": "Patient", "id": "zoe"})
    await client.post("Observation", json=weighing(62.5, "2026-03-01"))
    assert (await client.get("Patient/zoe/$weight-change")).status_code == 422
    await client.post("Observation", json=weighing(60.0, "2026-04-01"))
    told = (await client.get("Patient/zoe/$weight-change")).json()
    assert told["parameter"] == [{"name": "change", "valueDecimal": -2.5}]
