"""The operations of INSi under scopes that are limited to some structures: their persons, and nobody else's."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.national.insi.people import ZOE, patient, value
from tests.served import FHIR_JSON, make_client
from usager_server.access.grant import Grant
from usager_server.app import build_house
from usager_server.identity.traits import Traits
from usager_server.interactions.session import House
from usager_server.national.insi.verifying.tasks import task_of
from usager_server.national.insi.verifying.words import Outcome
from usager_server.plugins import activate
from usager_server.settings import Settings

NURSE = Grant.of("user/Patient.cruds", structures=["house"], practitioner="Practitioner/nurse", roles=["professional"])
NESSI = Traits("Nessi", "Michelangelo", "", "M", "2010-08-07")


@pytest.fixture
def house(store, definitions, insi, insi_settings, tmp_path) -> House:
    """A house that leads to the stand-in with a certificate."""
    names = [name for name in insi_settings if name in Settings.model_fields]
    settings = Settings(**{name: insi_settings[name] for name in names}, data_dir=tmp_path)
    return build_house(settings, activate([]), definitions, store.repository)


@pytest.fixture
async def everyone(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Who may do everything: Zoé is of the house, Michelangelo of another."""
    async with make_client(house) as client:
        for name in ("house", "other"):
            await put(client, {"resourceType": "Organization", "id": name, "name": name})
        for name, traits, home in (("zoe", ZOE, "house"), ("nessi", NESSI, "other")):
            managed = {"managingOrganization": {"reference": f"Organization/{home}"}}
            await put(client, patient(traits, id=name, **managed))
        yield client


@pytest.fixture
async def nurse(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Who works in the house, by an application that may not touch Tasks."""
    async with make_client(house, grant=NURSE) as client:
        yield client


async def put(client: httpx.AsyncClient, resource: dict[str, Any]) -> None:
    """Store a resource under its own id."""
    address = f"/{resource['resourceType']}/{resource['id']}"
    answer = await client.put(address, json=resource, headers=FHIR_JSON)
    assert answer.status_code == 201, answer.text


async def called(client: httpx.AsyncClient, address: str, **texts: str) -> httpx.Response:
    """Call an operation."""
    given = [{"name": name, "valueString": text} for name, text in texts.items()]
    body = {"resourceType": "Parameters"} | ({"parameter": given} if given else {})
    return await client.post(f"/{address}", json=body, headers=FHIR_JSON)


async def test_the_identity_of_ones_own_person_is_searched_accepted_and_verified(everyone, nurse):
    found = (await called(nurse, "Patient/zoe/$ins-search")).json()
    assert value(found, "code") == "00"
    assert (await called(nurse, "Patient/zoe/$ins-accept", answer=value(found, "answer"))).status_code == 200
    await put(everyone, {**task_of("zoe", Outcome.unanswered), "id": "lost"})
    await put(everyone, {**task_of("zoe", Outcome.dropped), "id": "dropped"})
    verified = await called(nurse, "Patient/zoe/$ins-verify")
    assert (verified.status_code, value(verified.json(), "verified")) == (200, True)
    told = [(await everyone.get(f"/Task/{name}")).json()["status"] for name in ("lost", "dropped")]
    assert told == ["completed", "requested"]
    assert (await nurse.get("/Task/lost")).status_code == 403


async def test_the_person_of_another_structure_is_as_if_unknown_and_insi_is_not_asked(everyone, nurse, insi):
    for operation in ("$ins-search", "$ins-verify"):
        assert (await called(nurse, f"Patient/nessi/{operation}")).status_code == 404
    assert await insi.received() == []
    found = (await called(everyone, "Patient/nessi/$ins-search")).json()
    for address in ("Patient/nessi/$ins-accept", "Patient/zoe/$ins-accept"):
        assert (await called(nurse, address, answer=value(found, "answer"))).status_code in (404, 409)
    assert (await called(everyone, "Patient/nessi/$ins-accept", answer=value(found, "answer"))).status_code == 200


async def test_how_far_verifications_are_is_not_told_to_one_structure(everyone, nurse):
    assert (await called(nurse, "$ins-verifications")).status_code == 403


@pytest.mark.parametrize("on", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "demain"])
async def test_a_day_that_nobody_means_is_refused(everyone, on):
    assert (await everyone.get("/$ins-verifications", params={"on": on})).status_code == 400


async def test_a_transaction_does_not_wait_for_insi(everyone, insi):
    called_in = {"method": "POST", "url": "Patient/zoe/$ins-search"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": called_in}]}
    answer = await everyone.post("/", json=bundle, headers=FHIR_JSON)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")
    assert await insi.received() == []


async def test_an_application_on_one_record_asks_about_that_person_alone(house, everyone, insi):
    grant = Grant.of("patient/Patient.rs", patient="zoe", structures=["house"], roles=["professional"])
    async with make_client(house, grant=grant) as client:
        traits = {"birthName": "Nessi", "givenName": "Michelangelo", "gender": "male", "birthDate": "2010-08-07"}
        assert (await called(client, "Patient/$ins-search", **traits)).status_code == 403
        card = {"cardInsuredNumber": "275126322074974", "birthDate": "1975-12-31"}
        assert (await called(client, "Patient/$ins-search", **card)).status_code == 403
        assert await insi.received() == []
        assert (await called(client, "Patient/zoe/$ins-search")).status_code == 200
