"""What is still being indexed anew is told by the searches that use it, and by no other."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from tests.conftest import Database
from tests.whole import running_app
from usager_server import app
from usager_server.search.editions import numbered
from usager_server.search.parameters import SearchRegistry
from usager_server.search.parse import parse_query
from usager_server.search.unfinished import Unfinished

NOW = datetime(2026, 11, 27, tzinfo=UTC)
OLD = '{":rows":"1","active":"other"}'


def unfinished(registry: SearchRegistry, kind: str, without: str) -> Unfinished:
    """Return what is told when all but one thing of a type is complete."""
    number = registry.definitions.type_numbers[kind]
    wanted = numbered(registry)[number]
    made = Unfinished()
    made.take(registry, {number: (wanted, wanted.replace(f'"{without}":', '"other":'), NOW)})
    return made


@pytest.mark.parametrize(
    ("kind", "without", "address", "told"),
    [
        ("Patient", "birthdate", "Patient?birthdate=1951", ["Patient?birthdate"]),
        ("Patient", "birthdate", "Patient?birthdate=1951&birthdate=ge1900", ["Patient?birthdate"]),
        ("Patient", "birthdate", "Patient?family=x&_sort=birthdate", ["Patient?birthdate"]),
        ("Patient", "birthdate", "Patient?family=x&_id=1", []),
        ("Patient", "birthdate", "Observation?patient.birthdate=1951", ["Patient?birthdate"]),
        ("Observation", "patient", "Patient?_has:Observation:patient:code=x", ["Observation?patient"]),
        ("Observation", "code", "Patient?_has:Observation:patient:code=x", ["Observation?code"]),
        ("Observation", "subject", "Patient/1/Observation?", ["Observation?subject"]),
        ("Observation", "code", "Patient/1/Observation?", []),
        ("Patient", ":rows", "Patient?family=x&_id=1&_lastUpdated=gt2020", ["Patient?family"]),
        ("Patient", ":rows", "Observation?code=x", []),
        ("Patient", "_tag", "?_tag=x", ["Patient?_tag"]),
    ],
)
def test_a_search_names_what_it_uses(
    search_registry: SearchRegistry, kind: str, without: str, address: str, told: list[str]
) -> None:
    path, _, query = address.partition("?")
    *compartment, last = path.split("/")
    types = (last,) if last else ()
    pairs = [(name, value) for name, _, value in (each.partition("=") for each in query.split("&")) if name]
    inside = (compartment[0], compartment[1]) if compartment else None
    parsed = parse_query(search_registry, types, pairs, strict=True, compartment=inside)
    assert unfinished(search_registry, kind, without).used_by(parsed) == told


async def test_a_server_tells_until_all_is_indexed(
    database: Database, search_registry: SearchRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LOOK_AGAIN_SECONDS", 0.05)
    owner = await asyncpg.connect(database.superuser_url)
    patient = search_registry.definitions.type_numbers["Patient"]
    await owner.execute("INSERT INTO index_edition (type, wanted, complete) VALUES ($1, $2, $2)", patient, OLD)
    async with running_app(database.url) as client:
        bundle = (await client.get("/fhir/Patient?birthdate=1951")).json()
        ((entry,), issues) = bundle["entry"], bundle["entry"][0]["resource"]["issue"]
        assert (entry["search"]["mode"], [each["code"] for each in issues]) == ("outcome", ["incomplete"])
        assert issues[0]["expression"] == ["Patient?birthdate"]
        assert "entry" not in (await client.get("/fhir/Observation?code=x")).json()
        sought = {"resourceType": "Patient", "name": [{"family": "Durand", "given": ["Anne"]}]}
        matched = (await client.post("/fhir/Patient/$match", json=sought)).json()["entry"]
        assert [each["resource"]["issue"][0]["code"] for each in matched] == ["incomplete"]
        await owner.execute("UPDATE index_edition SET complete = wanted")
        async with asyncio.timeout(30):
            while "entry" in (await client.get("/fhir/Patient?birthdate=1951")).json():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    await owner.close()
