"""A record opened in an emergency: by a professional, with a reason, for a while, traced."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest

from tests.access.conftest import World, found, person
from tests.access.test_rights import two_houses
from tests.interactions.conftest import traced_house
from tests.served import FHIR_JSON, make_client
from usager_server.access.grant import Grant
from usager_server.interactions.session import House
from usager_server.operations.break_glass import break_glass_operation
from usager_server.operations.extract import extract

__all__ = ["traced_house", "two_houses"]

WHY = "Malaise dans le hall, personne inconsciente"
DOCTOR = Grant.of(
    "user/*.rs user/AuditEvent.rs", structures=["house"], practitioner="Practitioner/doctor", roles=["professional"]
)


@pytest.fixture
async def doctor(traced_house: House, tenant: int, two_houses: World) -> AsyncIterator[httpx.AsyncClient]:
    """A professional of the house, where patient b is not."""
    house = replace(traced_house, operations={("Patient", "break-glass"): break_glass_operation})
    async with make_client(house, tenant, DOCTOR) as client:
        yield client


async def open_record(client: httpx.AsyncClient, patient: str = "b", **given: Any) -> httpx.Response:
    """Ask for the record of a patient."""
    kinds = {"reason": "valueString", "minutes": "valueInteger"}
    body = {"resourceType": "Parameters", "parameter": [{"name": n, kinds[n]: v} for n, v in given.items()]}
    return await client.post(f"/Patient/{patient}/$break-glass", json=body, headers=FHIR_JSON)


async def test_the_record_is_opened_and_closed_again(doctor: httpx.AsyncClient):
    assert (await doctor.get("/Observation/b-blood")).status_code == 404
    assert (await open_record(doctor, reason=WHY)).status_code == 200
    assert (await doctor.get("/Observation/b-blood")).status_code == 200
    assert sorted(found(await doctor.get("/Patient"))) == ["Patient/a", "Patient/b"]
    assert len(found(await doctor.get("/Observation/b-blood/_history"))) == 1
    assert (await open_record(doctor, minutes=0)).status_code == 200
    assert (await doctor.get("/Observation/b-blood")).status_code == 404
    assert (await open_record(doctor, minutes=0)).status_code == 404


async def test_it_closes_by_itself(doctor: httpx.AsyncClient, owner: asyncpg.Connection, tenant: int):
    await open_record(doctor, reason=WHY, minutes=1)
    assert (await doctor.get("/Patient/b")).status_code == 200
    await owner.execute("UPDATE emergency SET until = now() - interval '1 second' WHERE tenant = $1", tenant)
    assert (await doctor.get("/Patient/b")).status_code == 404


async def test_it_is_open_to_nobody_else(doctor: httpx.AsyncClient, two_houses: World):
    await open_record(doctor, reason=WHY)
    nurse = two_houses.of("user/*.rs", structures=["house"], practitioner="Practitioner/nurse")
    assert (await nurse.get("/Patient/b")).status_code == 404


async def test_scopes_narrow_it_as_ever(doctor: httpx.AsyncClient, two_houses: World):
    await open_record(doctor, reason=WHY)
    narrow = two_houses.of(
        "user/Observation.rs?category=laboratory", structures=["house"], practitioner="Practitioner/doctor"
    )
    assert (await narrow.get("/Observation/b-blood")).status_code == 200
    assert (await narrow.get("/Observation/b-pressure")).status_code == 404


async def test_it_is_traced_with_its_reason(doctor: httpx.AsyncClient, traced_house: House, tenant: int):
    await open_record(doctor, reason=WHY, minutes=30)
    async with make_client(traced_house, tenant) as auditor:
        entries = (await auditor.get("/AuditEvent?patient=b")).json()["entry"]
    told = [entry["resource"] for entry in entries if "break-glass" in str(entry["resource"])]
    assert told and WHY in str(told) and "Practitioner/doctor" in str(told)


@pytest.mark.parametrize(
    ("patient", "given", "status"),
    [
        ("b", {}, 400),
        ("b", {"reason": "urgent"}, 400),
        ("b", {"reason": "x" * 501}, 400),
        ("b", {"reason": WHY, "minutes": 241}, 400),
        ("b", {"reason": WHY, "minutes": -1}, 400),
        ("nobody", {"reason": WHY}, 404),
    ],
)
async def test_what_is_amiss_is_refused(doctor: httpx.AsyncClient, patient: str, given: dict[str, Any], status: int):
    assert (await open_record(doctor, patient, **given)).status_code == status


@pytest.mark.parametrize(
    "grant",
    [
        replace(DOCTOR, practitioner=None),
        replace(DOCTOR, roles=frozenset({"administrative"})),
        Grant.of("patient/*.cruds", patient="a"),
        Grant.of("user/Observation.rs", practitioner="Practitioner/doctor"),
        Grant.of("system/*.cruds"),
    ],
)
async def test_only_a_professional_who_may_read_patients_opens_one(
    doctor: httpx.AsyncClient, traced_house: House, tenant: int, grant: Grant
):
    house = replace(traced_house, operations={("Patient", "break-glass"): break_glass_operation})
    async with make_client(house, tenant, grant) as client:
        assert (await open_record(client, reason=WHY)).status_code == 403
    assert (await doctor.get("/Patient/b")).status_code == 404


async def test_without_traces_nothing_is_opened(house: House, tenant: int, two_houses: World):
    house = replace(house, operations={("Patient", "break-glass"): break_glass_operation})
    async with make_client(house, tenant, DOCTOR) as client:
        assert (await open_record(client, reason=WHY)).status_code == 503
        assert (await client.get("/Patient/b")).status_code == 404


async def test_traces_of_one_record_are_for_who_may_open_it(traced_house: House, tenant: int, two_houses: World):
    for patient, status in (("a", 200), ("b", 403)):
        grant = Grant.of("patient/AuditEvent.rs", patient=patient, structures=["house"], roles=["professional"])
        async with make_client(traced_house, tenant, grant) as client:
            assert (await client.get("/AuditEvent")).status_code == status


async def test_the_traces_of_one_record_name_nobody_else(traced_house: House, tenant: int, two_houses: World):
    house = replace(traced_house, operations={("AuditEvent", "extract"): extract})
    async with make_client(house, tenant) as everybody:
        assert found(await everybody.get("/Patient?family=durand,martin&_sort=_id")) == ["Patient/a", "Patient/b"]
        await two_houses.put(person("c", "Martin", link=[{"other": {"reference": "Patient/a"}, "type": "seealso"}]))
        assert (await everybody.get("/Patient/c")).status_code == 200
    async with make_client(house, tenant, Grant.of("patient/AuditEvent.rs", patient="a")) as client:
        told = [json.loads((await client.get("/AuditEvent?_count=2")).text)["entry"][n]["resource"] for n in (0, 1)]
        told += [(await client.get(f"/AuditEvent/{event['id']}")).json() for event in told]
        extracts = [(await client.get(f"/AuditEvent/$extract?format={form}")).text for form in ("csv", "ndjson")]
    for event in told:
        whom = {entity.get("what", {}).get("reference") for entity in event["entity"]} - {None}
        assert (whom, "query" in json.dumps(event["entity"])) == ({"Patient/a"}, False)
    for text in extracts:
        assert [word for word in ("martin", "Patient/b", "Patient/c", ";a b;") if word in text] == []


async def test_an_application_on_one_record_opens_no_other(traced_house: House, tenant: int, two_houses: World):
    house = replace(traced_house, operations={("Patient", "break-glass"): break_glass_operation})
    doctor = "Practitioner/doctor"
    grant = Grant.of("patient/*.rs", patient="b", structures=["house"], practitioner=doctor, roles=["professional"])
    async with make_client(house, tenant, grant) as client:
        assert (await client.get("/Observation/b-blood")).status_code == 404
        assert (await open_record(client, "a", reason=WHY)).status_code == 404
        assert (await open_record(client, "b", reason=WHY)).status_code == 200
        assert (await client.get("/Observation/b-blood")).status_code == 200
