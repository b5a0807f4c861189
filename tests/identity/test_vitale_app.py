"""$vitale-app-read through HTTP: a reading of the Appli carte Vitale, compared, then accepted."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.national.insi.people import done, patient, stored, table, value
from tests.served import make_client, make_house
from usager_server.identity import words
from usager_server.identity.evidence import Source, evidence_of
from usager_server.identity.matricule import matricule_of
from usager_server.identity.parts import with_extension
from usager_server.identity.status import Status, status_of
from usager_server.identity.traits import traits_of
from usager_server.national.insi.operations import Insi
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator

ZOE = {"birthName": "ADRUN", "givenNames": "ZOE MARIE", "gender": "female", "birthDate": "1975-12-31"}
HERS = {"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "275126322074974"}


@pytest.fixture
async def door(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int, tmp_path: Path
) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """What opens a door whose server believes one reader; it does not call INSi."""

    def opened(reader: str) -> httpx.AsyncClient:
        settings = {"vitale_app_reader": reader, "data_dir": tmp_path}
        house = make_house(shared_store, search_registry, fr_core, Insi().operations(), **settings)
        client = make_client(house, tenant)
        client.base_url = httpx.URL("http://test.example")
        return client

    yield opened


@pytest.fixture
async def client(door: Callable[[str], httpx.AsyncClient]) -> AsyncIterator[httpx.AsyncClient]:
    """The reader."""
    async with door("anonymous") as client:
        yield client


async def read(client: httpx.AsyncClient, address: str, status: int = 200, **changes: Any) -> Any:
    """Return the answer to a reading."""
    given = {"matricule": HERS, **ZOE, "birthPlace": "63220"} | changes
    parts = [
        {"name": name, "valueIdentifier" if isinstance(it, dict) else "valueString": it}
        for name, it in given.items()
        if it is not None
    ]
    answer = await client.post(
        f"/fhir/{address}/$vitale-app-read", json={"resourceType": "Parameters", "parameter": parts}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.requirement("INS/va1.27")
async def test_a_reading_is_compared_then_qualifies_without_insi(client):
    made = await stored(client, patient())
    found = await read(client, f"Patient/{made['id']}")
    assert table(found)["birth-given-names"] == "absent" and table(found)["birth-name"] == "concordant"
    before = (await client.get(f"/fhir/Patient/{made['id']}")).json()
    assert (before["meta"]["versionId"], status_of(before)) == ("1", Status.provisoire)
    accepted = await done(client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer"))
    evidence = evidence_of(accepted)
    assert (status_of(accepted), getattr(matricule_of(accepted), "value", "")) == (Status.qualifiee, HERS["value"])
    assert evidence.sourced is not None and evidence.sourced.source is Source.vitale
    assert evidence.checked is not None and evidence.checked.mode == "AV"
    assert traits_of(accepted).birth_given_names == "ZOE MARIE"


async def test_a_reading_makes_a_new_record(client):
    found = await read(client, "Patient")
    made = await done(client, "Patient/$ins-accept", 201, answer=value(found, "answer"))
    assert (status_of(made), traits_of(made).birth_place_label) == (Status.qualifiee, "Mazoires")


async def test_a_lunar_date_is_completed_and_marked(client):
    found = await read(client, "Patient", birthDate="1975-00-00")
    made = await done(client, "Patient/$ins-accept", 201, answer=value(found, "answer"))
    assert (made["birthDate"], traits_of(made).birth_date_estimated) == ("1975-12-31", True)


async def test_a_place_unknown_here_is_named_when_it_is_accepted(client):
    found = await read(client, "Patient", birthPlace="63999")
    assert value(found, "birthPlaceLabelNeeded") is True
    await done(client, "Patient/$ins-accept", 422, answer=value(found, "answer"))
    named = {"answer": value(found, "answer"), "birthPlaceLabel": "Saint-Ailleurs"}
    assert traits_of(await done(client, "Patient/$ins-accept", 201, **named)).birth_place == "63999"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"matricule": None}, "matricule"),
        ({"matricule": {"system": "urn:oid:1.2.3", "value": HERS["value"]}}, "matricule"),
        ({"matricule": {**HERS, "value": "275126322074975"}}, "clé"),
        ({"givenNames": None}, "prénoms"),
        ({"gender": "unknown"}, "sexe"),
        ({"birthName": "ADRUN 2"}, "seuls les lettres"),
        ({"birthPlace": "632"}, "COG"),
    ],
)
async def test_what_no_card_says_is_refused(client, changes, text):
    told = await read(client, "Patient", 422, **changes)
    assert text in told["issue"][0]["diagnostics"]


async def test_a_date_that_is_none_is_refused(client):
    await read(client, "Patient", 400, birthDate="31/12/1975")


async def test_a_doubtful_identity_is_not_read(client):
    doubt = {"url": "comment", "valueCoding": {"system": words.STATUS_COMMENTS, "code": "DOUT"}}
    made = await stored(client, with_extension(patient(), words.RELIABILITY, {"extension": [doubt]}))
    told = await read(client, f"Patient/{made['id']}", 422)
    assert "douteuse" in told["issue"][0]["diagnostics"]


async def test_an_unknown_record_is_not_found(client):
    await read(client, "Patient/nobody", 404)


async def test_nobody_else_is_believed(door):
    async with door("borne") as client:
        told = await read(client, "Patient", 403)
    assert "USAGER_VITALE_APP_READER" in told["issue"][0]["diagnostics"]
