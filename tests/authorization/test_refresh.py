"""Refresh tokens: replaced each time, ended together, never beyond the session unless it was said."""

import asyncio

import asyncpg
import httpx
import pytest
from joserfc.jwk import ECKey

from tests.authorization.applications import CALLBACK, CLINICAL, Browser, bearer, ec_key, proof, public_app, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from tests.conftest import Database

ONLINE = "user/Patient.rs online_access"
KEY = ec_key()


@pytest.fixture
async def browser(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with an application."""
    return Browser(http, await register(public_app()), people.sign_in())


@pytest.fixture
async def confidential(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with an application that has a key."""
    client = service(
        KEY,
        scope=f"{CLINICAL} offline_access",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
    )
    return Browser(http, await register(client), people.sign_in())


async def refreshed(browser: Browser, token: str, key: ECKey | None = None, **more: str) -> httpx.Response:
    """Use a refresh token."""
    who = proof(browser.client, key) if key else {"client_id": browser.client.id}
    return await browser.http.post(
        "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token, **who, **more}
    )


async def test_a_refresh_token_is_replaced(browser: Browser):
    first = (await browser.tokens(ONLINE))["refresh_token"]
    answer = (await refreshed(browser, first)).json()
    assert answer["refresh_token"] != first
    assert answer["scope"] == "online_access user/Patient.rs"
    assert (await refreshed(browser, answer["refresh_token"])).status_code == 200


async def test_without_asking_there_is_none(browser: Browser):
    assert "refresh_token" not in await browser.tokens("user/Patient.rs")


async def test_the_second_use_ends_the_family(browser: Browser):
    first = (await browser.tokens(ONLINE))["refresh_token"]
    second = (await refreshed(browser, first)).json()
    assert (await refreshed(browser, first)).json()["error"] == "invalid_grant"
    assert (await refreshed(browser, second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await browser.http.get("/fhir/Patient/x", headers=bearer(second["access_token"]))).status_code == 401


async def test_of_two_at_once_one_is_served_and_the_family_ends(browser: Browser):
    first = (await browser.tokens(ONLINE))["refresh_token"]
    answers = await asyncio.gather(*(refreshed(browser, first) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    served = next(answer.json() for answer in answers if answer.status_code == 200)
    assert (await refreshed(browser, served["refresh_token"])).status_code == 400


async def test_of_another_application_it_is_nothing(browser: Browser, register: Register):
    first = (await browser.tokens(ONLINE))["refresh_token"]
    thief = Browser(browser.http, await register(public_app()), None)
    assert (await refreshed(thief, first)).json()["error"] == "invalid_grant"
    assert (await refreshed(browser, first)).status_code == 200


async def test_less_may_be_asked_for_and_never_more(browser: Browser):
    first = (await browser.tokens("user/Patient.rs user/Observation.rs online_access"))["refresh_token"]
    more = await refreshed(browser, first, scope="user/Patient.cruds")
    assert more.json()["error"] == "invalid_scope"
    less = await refreshed(browser, first, scope="user/Patient.r")
    assert less.json()["scope"] == "user/Patient.r"


async def test_online_ends_with_the_session(browser: Browser, people: People):
    first = (await browser.tokens(ONLINE))["refresh_token"]
    people.sign_out(browser.headers["cookie"])
    assert (await refreshed(browser, first)).json()["error"] == "invalid_grant"


async def test_offline_outlives_the_session_and_not_the_account(confidential: Browser, people: People):
    scope = "user/Patient.rs offline_access"
    cookie = confidential.headers["cookie"]
    first = (await confidential.tokens(scope, **proof(confidential.client, KEY)))["refresh_token"]
    people.sign_out(cookie)
    second = (await refreshed(confidential, first, KEY, scope="user/Patient.r")).json()
    assert (await confidential.http.get("/fhir/Patient/x", headers=bearer(second["access_token"]))).status_code != 401
    people.sessions.clear()
    assert (await refreshed(confidential, second["refresh_token"], KEY)).json()["error"] == "invalid_grant"


async def test_offline_is_not_for_a_public_application(browser: Browser):
    answer = await browser.tokens("user/Patient.rs offline_access")
    assert answer["scope"] == "user/Patient.rs"
    assert "refresh_token" not in answer


async def test_a_confidential_application_must_prove_who_it_is(confidential: Browser):
    token = (await confidential.tokens(ONLINE, **proof(confidential.client, KEY)))["refresh_token"]
    answer = await refreshed(confidential, token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("wrong", ["", "x", "1.short", "1." + "A" * 43, "2." + "A" * 43, "0." + "A" * 43])
async def test_what_is_no_refresh_token_is_refused(browser: Browser, wrong: str):
    answer = await refreshed(browser, wrong)
    assert answer.status_code == 400


async def test_it_ends_after_thirty_days_without_use(browser: Browser, database: Database):
    first = (await browser.tokens(ONLINE))["refresh_token"]
    connection = await asyncpg.connect(database.superuser_url)
    age = """
        UPDATE refresh_token SET expires = now() WHERE grant_id IN (
            SELECT id FROM authorization_grant WHERE client = $1
        )
    """
    left = await connection.fetchval("SELECT max(expires) - now() FROM refresh_token")
    await connection.execute(age, browser.client.id)
    await connection.close()
    assert 29 < left.total_seconds() / 86400 <= 30
    assert (await refreshed(browser, first)).json()["error"] == "invalid_grant"


async def test_the_store_holds_no_refresh_token(browser: Browser, database: Database):
    token = (await browser.tokens(ONLINE))["refresh_token"]
    connection = await asyncpg.connect(database.superuser_url)
    held = await connection.fetch("SELECT r::text FROM refresh_token AS r")
    await connection.close()
    assert held
    assert token.partition(".")[2] not in str(held)


async def test_it_ends_with_its_grant_however_much_it_is_used(browser: Browser, database: Database):
    token = (await refreshed(browser, (await browser.tokens(ONLINE))["refresh_token"])).json()["refresh_token"]
    connection = await asyncpg.connect(database.superuser_url)
    of_client = "authorization_grant WHERE client = $1"
    left = await connection.fetchval(f"SELECT expires - now() FROM {of_client}", browser.client.id)  # noqa: S608
    await connection.execute("UPDATE authorization_grant SET expires = now() WHERE client = $1", browser.client.id)
    await connection.close()
    assert 89 < left.total_seconds() / 86400 <= 90
    assert (await refreshed(browser, token)).json()["error"] == "invalid_grant"


async def test_a_grant_that_can_no_longer_be_held_gives_no_token(browser: Browser, database: Database):
    refresh = (await browser.tokens("user/Observation.rs?category=laboratory online_access"))["refresh_token"]
    code = await browser.code("user/Observation.rs?category=vital-signs")
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(
        "UPDATE authorization_grant SET document = replace(document, '?category=', '?profile-off=') WHERE client = $1",
        browser.client.id,
    )
    await connection.close()
    for _ in range(2):  # the token is not spent: the same refusal, and not that of a second use
        assert (await refreshed(browser, refresh)).json()["error"] == "invalid_scope"
    assert (await browser.exchange(code)).json()["error"] == "invalid_scope"
