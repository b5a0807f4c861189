"""The bulk population is what the server itself would have stored; the records are valid and always the same."""

import json
import urllib.request
from collections.abc import Iterable
from typing import Any

import asyncpg
import pytest

from tests.bench import bulk, copies
from tests.bench.people import PER_PERSON, people
from tests.bench.population import Resource, dumps, record
from tests.bench.shapes import SHAPES, urls
from tests.live import LiveServer
from usager_server.definitions import load
from usager_server.identity.words import EVIDENCE, RELIABILITY
from usager_server.jsontext import parse_json
from usager_server.repository.columns import INDEX_TABLES
from usager_server.search.hashing import any_code, parameter_hash
from usager_server.validation.structure import Structure

PERSONS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with LiveServer(tmp_path_factory.mktemp("bulk")) as live:
        bulk.load(live, 1, PERSONS)
        yield live


def is_of_status(table: str, row: asyncpg.Record) -> bool:
    """Say whether a row is about the status of an identity, which the server adds at a write."""
    first, last, _, _ = any_code(bulk.TENANT, "Patient", "identity-status", None)
    match table:
        case "index_token":
            return bool(first <= row["head"] <= last)
        case "index_date":
            return bool(row["parameter"] == parameter_hash("Patient", "identity-since"))
        case "index_string":
            return bool(row["value"] == "identite provisoire")
    return False


async def index_rows(server: LiveServer) -> dict[str, list[tuple[object, ...]]]:
    """Return everything in the index tables."""
    connection = await asyncpg.connect(bulk.database_url(server, "postgres"))
    rows = {}
    for table in (*(one.name for one in INDEX_TABLES), "gram"):
        found = await connection.fetch(f"SELECT DISTINCT * FROM {table}")  # noqa: S608
        rows[table] = sorted((tuple(row) for row in found if not is_of_status(table, row)), key=repr)
    await connection.close()
    return rows


def plain(name: str, value: Any) -> Any:
    """Return an element without the status of the identity, which the server adds at a write."""
    return [each for each in value if each["url"] not in (RELIABILITY, EVIDENCE)] if name == "extension" else value


def put_again(server: LiveServer, resources: Iterable[Resource]) -> None:
    """Write resources once more through the server."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    bundle = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()
    headers = {"Content-Type": "application/fhir+json"}
    with urllib.request.urlopen(urllib.request.Request(server.base, bundle, headers)) as answer:  # noqa: S310
        assert answer.status == 200


async def test_a_write_through_the_server_changes_nothing_in_the_index(server: LiveServer) -> None:
    before = await index_rows(server)
    put_again(server, people(1, PERSONS))
    after = await index_rows(server)
    assert after == before
    assert server.get("Patient/p1")["meta"]["versionId"] == "2"


async def test_a_copied_person_is_what_the_server_would_store(server: LiveServer) -> None:
    await copies.copy_people(
        bulk.database_url(server, "postgres"), PERSONS + 1, 2 * PERSONS, load().type_numbers, originals=PERSONS
    )
    before = await index_rows(server)
    copied = [one for nth in range(PERSONS) for one in copies.copied_dossier(PERSONS + 1 + nth, PERSONS)]
    for one in copied:
        stored = server.get(f"{one['resourceType']}/{one['id']}")
        assert {name: plain(name, stored[name]) for name in one} == one
    put_again(server, copied)
    assert await index_rows(server) == before


async def test_indexes_come_back_as_they_were(server: LiveServer) -> None:
    url = bulk.database_url(server, "postgres")
    connection = await asyncpg.connect(url)
    before = await connection.fetch(bulk.INDEXES, bulk.FILLED)
    statements = await bulk.without_indexes(url)
    assert await connection.fetch(bulk.INDEXES, bulk.FILLED) == []
    await bulk.build_indexes(url, statements)
    assert await connection.fetch(bulk.INDEXES, bulk.FILLED) == before
    await connection.close()


def test_every_shape_is_answered(server: LiveServer) -> None:
    for addresses in urls(SHAPES, persons=PERSONS, each=2).values():
        for address in addresses:
            assert server.get(address)["type"] == "searchset"


def test_the_population_is_valid_and_always_the_same() -> None:
    structure = Structure(load())
    entries = [entry["resource"] for number in range(5) for entry in record(number)["entry"]]
    found = [issue for one in [*entries, *people(1, 5)] for issue in structure.check(parse_json(dumps(one).encode()))]
    assert found == []
    assert record(7) == record(7)
    assert len(list(people(1, 2))) == 2 * PER_PERSON


def test_a_record_has_a_hundred_resources_and_a_patient_of_three_kilobytes() -> None:
    records = [record(number) for number in range(30)]
    sizes = [len(dumps(entry["resource"])) for one in records for entry in one["entry"][2:3]]
    assert sum(len(one["entry"]) for one in records) / 30 > 100
    assert 2500 < sum(sizes) / 30 < 3500
