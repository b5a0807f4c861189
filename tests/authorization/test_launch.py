"""Launches: an application opened by itself asks for a patient; one opened by a record is told what it has open."""

import httpx
import pytest

from tests.authorization.applications import Browser, bearer, confidential_app, ec_key, proof, public_app, sent, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from tests.conftest import Database
from tests.whole import running_app, stored

EHR = "openid fhirUser launch user/*.cruds"
KEY = ec_key()


@pytest.fixture(scope="module")
async def patients(database: Database) -> dict[str, str]:
    """Two patients of tenant 1, ids by family name, and a stay of the first."""
    async with running_app(database.url) as client:
        made = {
            family: await stored(
                client,
                {
                    "resourceType": "Patient",
                    "name": [{"family": family, "given": ["Ana"]}],
                    "birthDate": "1950-02-03",
                    "gender": "female",
                },
            )
            for family in ("Tilleul", "Marronnier")
        }
        stay = {"resourceType": "Encounter", "status": "in-progress", "class": {"code": "IMP"}}
        made["stay"] = await stored(client, {**stay, "subject": {"reference": made["Tilleul"]}})
    return {family: reference.partition("/")[2] for family, reference in made.items()}


@pytest.fixture
async def browser(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with an application."""
    return Browser(http, await register(public_app()), people.sign_in())


async def test_a_patient_is_looked_for_and_chosen(browser: Browser, patients: dict[str, str]):
    page = await browser.authorize("launch/patient patient/Patient.rs")
    assert "TILLEUL" not in page.text
    found = await browser.answer(page, "search", name="tilleul")
    assert "Ana TILLEUL, 03/02/1950, F" in found.text
    assert "MARRONNIER" not in found.text
    code = sent(await browser.answer(found, patient=patients["Tilleul"]))["code"]
    assert (await browser.exchange(code)).json()["patient"] == patients["Tilleul"]


async def test_patient_scopes_alone_ask_for_a_patient_too(browser: Browser, patients: dict[str, str]):
    answer = await browser.tokens("patient/Patient.rs", patient=patients["Marronnier"])
    assert answer["patient"] == patients["Marronnier"]


async def test_a_choice_must_be_made(browser: Browser, patients: dict[str, str]):
    page = await browser.authorize("patient/Patient.rs")
    again = await browser.answer(page)
    assert (again.status_code, "Choisissez" in again.text) == (200, True)


@pytest.mark.parametrize("chosen", ["nobody", "../Patient", "0f0e0d0c-0000-4000-8000-000000000000"])
async def test_a_patient_who_is_not_there_cannot_be_chosen(browser: Browser, chosen: str):
    answer = await browser.answer(await browser.authorize("patient/Patient.rs"), patient=chosen)
    assert answer.status_code in (400, 404)
    assert "location" not in answer.headers


async def test_a_patient_of_another_tenant_cannot_be_chosen(
    http: httpx.AsyncClient, people: People, register: Register, patients: dict[str, str]
):
    stranger = Browser(http, await register(public_app(2)), people.sign_in(2))
    page = await stranger.authorize("patient/Patient.rs")
    assert "TILLEUL" not in (await stranger.answer(page, "search", name="tilleul")).text
    assert (await stranger.answer(page, patient=patients["Tilleul"])).status_code == 404


async def test_a_patient_whose_record_one_may_not_open_is_neither_found_nor_chosen(
    http: httpx.AsyncClient, people: People, register: Register, patients: dict[str, str]
):
    for rights in ({"structures": frozenset({"elsewhere"})}, {"roles": frozenset({"auditor"})}):
        browser = Browser(http, await register(public_app()), people.sign_in(**rights))
        page = await browser.authorize("patient/Patient.rs")
        assert "TILLEUL" not in (await browser.answer(page, "search", name="tilleul")).text
        answer = await browser.answer(page, patient=patients["Tilleul"])
        assert (answer.status_code in (403, 404), "location" in answer.headers) == (True, False)


async def test_a_trusted_application_asks_for_the_patient_only(
    http: httpx.AsyncClient, people: People, register: Register, patients: dict[str, str]
):
    browser = Browser(http, await register(confidential_app(trusted=True)), people.sign_in())
    page = await browser.authorize("patient/Patient.rs")
    assert page.status_code == 200
    assert "code" in sent(await browser.answer(page, patient=patients["Tilleul"]))


@pytest.fixture
async def record(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """A record that opens applications, with its user."""
    return Browser(http, await register(public_app(scope=EHR)), people.sign_in())


async def launched(record: Browser, opened: Browser, **context: str) -> httpx.Response:
    """Have the record open an application."""
    access = bearer((await record.tokens("user/*.cruds"))["access_token"])
    return await record.http.post("/oauth/launch", json={"client_id": opened.client.id, **context}, headers=access)


async def test_a_record_opens_an_application_on_its_patient(
    record: Browser, register: Register, patients: dict[str, str]
):
    opened = Browser(record.http, await register(public_app()), record.headers["cookie"])
    made = await launched(record, opened, patient=patients["Tilleul"])
    assert made.status_code == 201, made.text
    page = await opened.authorize("launch patient/Patient.rs", launch=made.json()["launch"])
    assert "Ana TILLEUL" in page.text
    code = sent(await opened.answer(page))["code"]
    assert (await opened.exchange(code)).json()["patient"] == patients["Tilleul"]


async def test_the_patient_of_a_launch_cannot_be_changed(record: Browser, register: Register, patients: dict[str, str]):
    opened = Browser(record.http, await register(public_app()), record.headers["cookie"])
    launch = (await launched(record, opened, patient=patients["Tilleul"])).json()["launch"]
    page = await opened.authorize("launch patient/Patient.rs", launch=launch)
    code = sent(await opened.answer(page, patient=patients["Marronnier"]))["code"]
    assert (await opened.exchange(code)).json()["patient"] == patients["Tilleul"]


async def test_a_launch_is_good_once_for_its_application_and_its_person(
    record: Browser, register: Register, people: People, patients: dict[str, str]
):
    opened = Browser(record.http, await register(public_app()), record.headers["cookie"])
    other = Browser(record.http, await register(public_app()), record.headers["cookie"])
    somebody_else = Browser(record.http, opened.client, people.sign_in())
    for wrong in (other, somebody_else):
        launch = (await launched(record, opened, patient=patients["Tilleul"])).json()["launch"]
        assert sent(await wrong.authorize("launch user/Patient.rs", launch=launch))["error"] == "invalid_request"
    launch = (await launched(record, opened, patient=patients["Tilleul"])).json()["launch"]
    assert (await opened.authorize("launch user/Patient.rs", launch=launch)).status_code == 200
    again = await opened.authorize("launch user/Patient.rs", launch=launch)
    assert sent(again)["error"] == "invalid_request"


async def test_launch_without_a_launch_is_refused(browser: Browser):
    assert sent(await browser.authorize("launch user/Patient.rs"))["error"] == "invalid_request"


async def test_a_patient_out_of_reach_is_not_handed_over(record: Browser, browser: Browser):
    assert (await launched(record, browser, patient="nobody")).status_code == 404


async def test_the_encounter_of_a_launch_is_one_of_its_patient(
    record: Browser, browser: Browser, patients: dict[str, str]
):
    for family, status in (("Tilleul", 201), ("Marronnier", 400)):
        answer = await launched(record, browser, patient=patients[family], encounter=patients["stay"])
        assert answer.status_code == status


async def test_a_launch_names_what_the_token_may_read_only(
    record: Browser, browser: Browser, people: People, patients: dict[str, str]
):
    narrow = bearer((await record.tokens("user/Patient.r?gender=male"))["access_token"])
    asked = {"client_id": browser.client.id, "patient": patients["Tilleul"]}
    assert (await record.http.post("/oauth/launch", json=asked, headers=narrow)).status_code == 404
    people.change(record.headers["cookie"], structures=frozenset({"elsewhere"}))
    assert (await launched(record, browser, patient=patients["Tilleul"])).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"client_id": "1-unknownclient123"}, {"client_id": 5}, {"patient": ["x"]}, {"patient": "a\0b"}, {"x": 1}],
)
async def test_a_wrong_launch_is_refused(record: Browser, body: dict[str, object]):
    access = bearer((await record.tokens("user/*.cruds"))["access_token"])
    answer = await record.http.post("/oauth/launch", json=body, headers=access)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_launch_is_made_by_a_person(http: httpx.AsyncClient, register: Register, browser: Browser):
    assert (await http.post("/oauth/launch", json={"client_id": browser.client.id})).status_code == 401
    client = await register(service(KEY))
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **proof(client, KEY)}
    token = (await http.post("/oauth/token", data=form)).json()["access_token"]
    answer = await http.post("/oauth/launch", json={"client_id": browser.client.id}, headers=bearer(token))
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


async def test_the_id_token_says_who_it_is(browser: Browser, http: httpx.AsyncClient):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    given = await browser.tokens("openid fhirUser")
    keys = KeySet.import_key_set((await http.get("/oauth/jwks")).json())
    claims = jwt.decode(given["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["aud"] == browser.client.id
    assert claims["fhirUser"] == "https://dui.example/fhir/Practitioner/p1"
    assert claims["acr"] == "eidas1"
    assert claims["exp"] - claims["iat"] == 900
