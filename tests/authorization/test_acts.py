"""What is traced of clients and tokens, in the transaction of the act."""

from typing import Any

import asyncpg
import httpx
import pytest

from tests.authorization.applications import ORIGIN, Browser, ec_key, proof, public_app, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from tests.conftest import Database

KEY = ec_key()


@pytest.fixture
async def browser(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with an application."""
    return Browser(http, await register(public_app()), people.sign_in())


async def traced(database: Database, client_id: str) -> list[dict[str, Any]]:
    """Return the traces about a client, oldest first."""
    connection = await asyncpg.connect(database.superuser_url)
    rows = await connection.fetch("SELECT * FROM trace WHERE trace::text LIKE '%' || $1 || '%' ORDER BY row", client_id)
    await connection.close()
    return [dict(row) for row in rows]


async def test_a_registration_and_its_end_are_traced(database: Database, register: Register, memory: Any):
    client = await register(public_app())
    await memory.revoke_client(client.id, ORIGIN)
    assert [it["kind"] for it in await traced(database, client.id)] == ["client-registered", "client-revoked"]


async def test_a_token_is_imputed_to_its_person(database: Database, browser: Browser):
    given = await browser.tokens("user/Patient.rs")
    *_, issued = await traced(database, browser.client.id)
    assert (issued["kind"], issued["subject"]) == ("token-issued", "Practitioner/p1")
    assert given["access_token"] not in str(issued)


async def test_a_token_of_a_service_is_imputed_to_it(http: httpx.AsyncClient, database: Database, register: Register):
    client = await register(service(KEY))
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **proof(client, KEY)}
    assert (await http.post("/oauth/token", data=form)).status_code == 200
    *_, issued = await traced(database, client.id)
    assert (issued["kind"], issued["subject"]) == ("token-issued", client.id)


async def test_a_replay_is_traced_as_an_end(database: Database, browser: Browser):
    code = await browser.code("user/Patient.rs")
    await browser.exchange(code)
    await browser.exchange(code)
    *_, ended = await traced(database, browser.client.id)
    assert ended["kind"] == "token-revoked"
    assert "used again" in str(ended)


async def test_what_was_given_back_and_refused_is_traced(database: Database, browser: Browser):
    await browser.answer(await browser.authorize("user/Patient.rs"), "deny")
    given = await browser.tokens("user/Patient.rs")
    form = {"token": given["access_token"], "client_id": browser.client.id}
    await browser.http.post("/oauth/revoke", data=form)
    kinds = [it["kind"] for it in await traced(database, browser.client.id)]
    assert kinds == ["client-registered", "token-revoked", "token-issued", "token-revoked"]
