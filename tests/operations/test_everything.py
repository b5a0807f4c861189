"""Patient/$everything."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from tests.interactions.test_transaction import observation
from tests.served import FHIR_JSON, PATIENT, created, issue, make_client, make_house
from usager_server.interactions.session import House
from usager_server.operations import everything as room
from usager_server.operations.everything import everything
from usager_server.repository.postgres import PostgresStore


@pytest.fixture
async def client(shared_store: PostgresStore, house: House, tenant: int) -> AsyncIterator[AsyncClient]:
    """A client of a house with this operation."""
    async with make_client(make_house(shared_store, house.registry, house.validator, (everything,)), tenant) as client:
        yield client


async def record(client: AsyncClient) -> tuple[str, set[str]]:
    """Return the id of a patient, and the names of all that their record holds."""
    doctor = await created(client, {"resourceType": "Practitioner"})
    cared = {**PATIENT, "generalPractitioner": [{"reference": f"Practitioner/{doctor['id']}"}]}
    patient = await created(client, cared)
    other = await created(client)
    hearts = [
        await created(client, observation(f"Patient/{patient['id']}", effectiveDateTime=f"202{i}-01-01"))
        for i in range(3)
    ]
    await created(client, observation(f"Patient/{other['id']}"))
    names = {f"{made['resourceType']}/{made['id']}" for made in (doctor, patient, *hearts)}
    return patient["id"], names


def names(bundle: dict[str, Any]) -> list[str]:
    """Return the names of the entries."""
    return [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]]


async def test_the_record_holds_the_patient_their_compartment_and_what_it_refers_to(client: AsyncClient):
    patient, expected = await record(client)
    bundle = (await client.get(f"/Patient/{patient}/$everything")).json()
    assert set(names(bundle)) == expected
    assert len(names(bundle)) == len(expected)
    assert names(bundle)[0] == f"Patient/{patient}"


async def test_pages_follow_their_links(client: AsyncClient):
    patient, expected = await record(client)
    address, seen = f"/Patient/{patient}/$everything?_count=1", []
    while address:
        bundle = (await client.get(address)).json()
        seen += names(bundle)
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert set(seen) == expected


async def test_a_record_over_the_limit_goes_on_in_a_link(client: AsyncClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "EVERYTHING_LIMIT_BYTES", 100)
    monkeypatch.setattr(room, "PAGE", 2)
    patient, expected = await record(client)
    first = (await client.get(f"/Patient/{patient}/$everything")).json()
    assert first["link"][-1]["relation"] == "next"
    second = (await client.get(first["link"][-1]["url"])).json()
    assert set(names(first)) | set(names(second)) == expected


async def test_types_and_dates_narrow_it(client: AsyncClient):
    patient, _ = await record(client)
    only = (await client.get(f"/Patient/{patient}/$everything?_type=Observation")).json()
    assert {name.split("/")[0] for name in names(only)} == {"Observation"}
    recent = (await client.get(f"/Patient/{patient}/$everything?start=2021-06-01&_type=Observation")).json()
    assert len(names(recent)) == 1
    none = (await client.get(f"/Patient/{patient}/$everything?_since=2999-01-01T00:00:00Z&_type=Observation")).json()
    assert none["entry"] == []


async def test_by_post_the_parameters_are_a_resource(client: AsyncClient):
    patient, _ = await record(client)
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Patient"}]}
    response = await client.post(f"/Patient/{patient}/$everything", json=parameters, headers=FHIR_JSON)
    assert names(response.json()) == [f"Patient/{patient}"]


async def test_in_xml_too(client: AsyncClient):
    patient, _ = await record(client)
    response = await client.get(f"/Patient/{patient}/$everything?_format=xml")
    assert response.headers["content-type"].startswith("application/fhir+xml")
    assert b"<Observation" in response.content


async def test_of_nobody_it_is_404_and_of_a_deleted_patient_410(client: AsyncClient):
    assert (await client.get("/Patient/nobody/$everything")).status_code == 404
    patient = await created(client)
    await client.delete(f"/Patient/{patient['id']}")
    assert (await client.get(f"/Patient/{patient['id']}/$everything")).status_code == 410


async def test_bad_values_are_400(client: AsyncClient):
    patient = await created(client)
    for query in (
        "_count=0",
        "_count=x",
        "_type=Patint",
        "_cursor=x",
        "_cursor=0.forged",
        f"_cursor={'9' * 5000}",
        "start=hier",
    ):
        response = await client.get(f"/Patient/{patient['id']}/$everything?{query}")
        assert response.status_code == 400, query
        assert issue(response)["severity"] == "error"
