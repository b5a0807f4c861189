"""What a token is worth, told to those who may know; and its end."""

import asyncpg
import httpx
import pytest

from tests.authorization.applications import BASE, CALLBACK, CLINICAL, Browser, ec_key, proof, public_app, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from tests.conftest import Database
from usager_server.authorization.clients import Client

KEY = ec_key()


@pytest.fixture
async def browser(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with a confidential application."""
    client = service(KEY, scope=CLINICAL, redirect_uris=[CALLBACK], grant_types=["authorization_code", "refresh_token"])
    return Browser(http, await register(client), people.sign_in())


async def tokens(browser: Browser) -> dict[str, str]:
    """Return what the application was given."""
    return await browser.tokens("user/Patient.rs online_access", **proof(browser.client, KEY))


async def told(http: httpx.AsyncClient, client: Client, token: str) -> dict[str, object]:
    """Ask what a token is worth."""
    answer = await http.post("/oauth/introspect", data={"token": token, **proof(client, KEY)})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def revoked(http: httpx.AsyncClient, client: Client, token: str) -> int:
    """End a token."""
    return (await http.post("/oauth/revoke", data={"token": token, **proof(client, KEY)})).status_code


async def test_an_access_token_is_told_whole(browser: Browser):
    given = await tokens(browser)
    found = await told(browser.http, browser.client, given["access_token"])
    expected = {
        "active": True,
        "scope": given["scope"],
        "client_id": browser.client.id,
        "iss": BASE,
        "aud": BASE,
        "fhirUser": f"{BASE}/Practitioner/p1",
    }
    assert {name: found[name] for name in expected} == expected


async def test_a_refresh_token_is_told(browser: Browser):
    given = await tokens(browser)
    found = await told(browser.http, browser.client, given["refresh_token"])
    assert (found["active"], found["client_id"]) == (True, browser.client.id)


@pytest.mark.parametrize("token", ["x", "1." + "A" * 43, "a.b.c", "." * 50])
async def test_what_is_no_token_is_inactive(browser: Browser, token: str):
    assert await told(browser.http, browser.client, token) == {"active": False}


async def test_the_token_of_another_is_told_like_none(browser: Browser, register: Register):
    given = await tokens(browser)
    stranger = await register(service(KEY))
    for token in (given["access_token"], given["refresh_token"]):
        assert await told(browser.http, stranger, token) == {"active": False}


async def test_a_resource_server_is_told_of_those_of_its_tenant(browser: Browser, register: Register):
    given = await tokens(browser)
    server = await register(service(KEY, may_introspect=True))
    foreign = await register(service(KEY, may_introspect=True, tenant=2))
    assert (await told(browser.http, server, given["access_token"]))["active"] is True
    assert await told(browser.http, foreign, given["access_token"]) == {"active": False}
    assert await told(browser.http, foreign, given["refresh_token"]) == {"active": False}


async def test_what_a_revoked_client_had_is_inactive(browser: Browser, register: Register, database: Database):
    given = await tokens(browser)
    server = await register(service(KEY, may_introspect=True))
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("UPDATE client SET revoked = now() WHERE id = $1", browser.client.id)
    await connection.close()
    for token in (given["access_token"], given["refresh_token"]):
        assert await told(browser.http, server, token) == {"active": False}


async def test_a_public_client_may_not_ask(browser: Browser, register: Register):
    client = await register(public_app())
    answer = await browser.http.post("/oauth/introspect", data={"token": "x", "client_id": client.id})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_after_the_session_it_is_inactive(browser: Browser, people: People):
    given = await tokens(browser)
    people.sign_out(browser.headers["cookie"])
    assert await told(browser.http, browser.client, given["access_token"]) == {"active": False}
    assert await told(browser.http, browser.client, given["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_to_revoke_one_is_to_revoke_all_of_the_grant(browser: Browser, which: str):
    given = await tokens(browser)
    assert await revoked(browser.http, browser.client, given[which]) == 200
    assert await told(browser.http, browser.client, given["access_token"]) == {"active": False}
    assert await told(browser.http, browser.client, given["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_nobody_ends_the_token_of_another(browser: Browser, register: Register, which: str):
    given = await tokens(browser)
    stranger = await register(service(KEY))
    assert await revoked(browser.http, stranger, given[which]) == 200
    assert (await told(browser.http, browser.client, given[which]))["active"] is True


async def test_a_public_application_ends_its_own(http: httpx.AsyncClient, people: People, register: Register):
    browser = Browser(http, await register(public_app()), people.sign_in())
    given = await browser.tokens("user/Patient.rs online_access")
    form = {"token": given["refresh_token"], "client_id": browser.client.id}
    assert (await http.post("/oauth/revoke", data=form)).status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": browser.client.id}
    assert (await http.post("/oauth/token", data=again)).json()["error"] == "invalid_grant"


async def test_what_is_no_token_is_ended_without_complaint(browser: Browser):
    assert await revoked(browser.http, browser.client, "nothing") == 200
