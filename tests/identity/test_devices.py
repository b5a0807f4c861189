"""The devices of high trust: every one of FR Core, or those that a structure takes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from tests.identity.people import ADRUN, typed_in
from tests.identity.test_writing import DAY, DEVICE, put, reliable
from tests.served import FHIR_JSON, created, issue, make_client, make_house
from usager_server.birthplaces.gazetteer import Standing
from usager_server.identity import settling, words
from usager_server.identity.evidence import Checked, evidence_of
from usager_server.identity.status import Status, status_of
from usager_server.identity.traits import with_traits
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.settings import Settings
from usager_server.trusted_devices import DEVICES, devices_of
from usager_server.validation.validator import HouseValidator

BOOKLET = {"url": "validationMode", "valueCoding": {"system": words.DEVICES, "code": "LECV"}}
PLAIN = {"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}}
TYPED = with_traits(PLAIN, ADRUN)

Door = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.mark.parametrize(
    ("text", "tenant", "taken"),
    [
        ("", 1, DEVICES),
        ("CN, PA", 1, ("CN", "PA")),
        ("CN,PA,CS; 2=CN,PA", 1, ("CN", "PA", "CS")),
        ("CN,PA,CS; 2=CN,PA", 2, ("CN", "PA")),
        ("2=CN", 1, DEVICES),
        ("2=CN", 2, ("CN",)),
    ],
)
def test_each_structure_takes_its_own(text, tenant, taken):
    assert tuple(devices_of(text, tenant)) == tuple(taken)


@pytest.mark.parametrize("text", ["CN,XX", "=CN", "two=CN", "CN;;2=", "CN,"])
def test_a_setting_that_names_no_device_stops_the_start(text):
    with pytest.raises(ValueError, match="identity_devices"):
        Settings(identity_devices=text)


@pytest.fixture
async def door(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[Door]:
    """What opens a door of one tenant whose server takes some devices."""

    def opened(devices: str) -> httpx.AsyncClient:
        house = make_house(shared_store, search_registry, fr_core, identity_devices=devices.format(tenant=tenant))
        return make_client(house, tenant)

    yield opened


@pytest.mark.requirement("INS/va1.22")
@pytest.mark.parametrize("devices", ["CN,PA", "LECV; {tenant}=CN,PA"])
async def test_another_device_is_refused_with_those_that_are_taken(door, devices):
    async with door(devices) as client:
        patient = await created(client, TYPED)
        answer = await put(client, reliable(patient, BOOKLET, DAY))
        assert (answer.status_code, "l'un de CN, PA" in issue(answer)["diagnostics"]) == (422, True)
        checked = await put(client, reliable(patient, DEVICE, DAY))
        assert status_of(checked.json()) is Status.validee


async def test_a_check_of_before_stays_what_it_was(door):
    async with door("") as client:
        patient = await created(client, reliable(TYPED, BOOKLET, DAY))
    async with door("CN") as client:
        answer = await put(client, {**patient, "telecom": [{"system": "phone", "value": "0400000000"}]})
        assert (answer.status_code, status_of(answer.json())) == (200, Status.validee)
        again = {**DAY, "valueDate": "2026-06-01"}
        renewed = await put(client, reliable(answer.json(), BOOKLET, again))
        assert renewed.status_code == 422


async def test_a_device_that_no_one_knows_is_refused_everywhere(door):
    unknown = {**BOOKLET, "valueCoding": {"system": words.DEVICES, "code": "XX"}}
    async with door("") as client:
        answer = await client.post("/Patient", json=reliable(typed_in(), unknown), headers=FHIR_JSON)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-05-04T21:59:59.999Z", "2026-05-04"),
        ("2026-05-04T22:30:00.000Z", "2026-05-05"),
        ("2026-12-31T23:30:00.000Z", "2027-01-01"),
    ],
)
def test_a_check_without_a_day_is_of_the_day_that_it_is_in_france(moment: str, day: str) -> None:
    terms = settling.Terms("2.2", moment, lambda _code: Standing.known)
    made = settling.settled(reliable(TYPED, DEVICE), None, terms).patient
    assert evidence_of(made).checked == Checked("CN", day)
