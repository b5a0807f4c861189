"""The end of sessions that Pro Santé Connect tells us of."""

import httpx
import pytest

from tests.national.psc.conftest import order
from tests.national.psc.signing_in import NURSE, account_of
from tests.national.psc.test_sign_in import person as person
from tests.national.psc.test_sign_in import server as server
from usager_server.accounts import sessions_store
from usager_server.errors import Unavailable
from usager_server.national.psc.sandbox import ISSUER

PATH = "/sign-in/psc/backchannel-logout"


async def told(server, sandbox, **what):
    """Have the provider make a logout token, and tell it to our server; return the token and the answer."""
    async with httpx.AsyncClient() as control:
        made = await control.post(f"{sandbox.control_url}/psc/ask", json={"logout_token": what})
    token = made.json()["token"]
    return token, await server.post(PATH, data={"logout_token": token})


async def there(database):
    """Return the session at the provider of the one session there is."""
    import asyncpg

    connection = await asyncpg.connect(database.superuser_url)
    row = await connection.fetchrow("SELECT provider_sid, provider_subject FROM session")
    await connection.close()
    return row


@pytest.mark.parametrize("by", ["provider_sid", "provider_subject"])
async def test_a_session_that_ended_there_ends_here_and_a_token_is_used_once(person, server, sandbox, database, by):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    name = {"provider_sid": "sid", "provider_subject": "sub"}[by]
    row = await there(database)
    token, answer = await told(server, sandbox, **{name: row[by]})
    assert answer.status_code == 200
    assert await person.session() is None
    await person.signs_in(NURSE)
    again = await server.post(PATH, data={"logout_token": token})
    if by == "provider_subject":  # the sid of the first session is no longer anybody's
        assert again.status_code == 400
    assert await person.session() is not None


async def test_a_token_that_ended_nothing_may_be_told_again(person, server, sandbox, database, monkeypatch):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    row = await there(database)

    async def down(*_):
        raise Unavailable("The database went away")

    with monkeypatch.context() as patch:
        patch.setattr(sessions_store, "end", down)
        token, answer = await told(server, sandbox, sub=row["provider_subject"])
    assert answer.status_code == 503
    assert await person.session() is not None
    assert (await server.post(PATH, data={"logout_token": token})).status_code == 200
    assert await person.session() is None


async def test_another_session_is_left_alone(person, server, sandbox):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    _, answer = await told(server, sandbox, sid="another")
    assert answer.status_code == 200
    assert await person.session() is not None


@pytest.mark.parametrize(
    "claims", [{"nonce": "n"}, {"events": {}}, {"iss": "https://other.example"}, {"aud": "another"}]
)
async def test_a_token_that_is_not_believed_ends_nothing(person, server, sandbox, database, claims):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    row = await there(database)
    _, answer = await told(server, sandbox, sid=row["provider_sid"], claims=claims)
    assert answer.status_code == 400
    assert await person.session() is not None


async def test_what_is_no_token_is_refused(server):
    for form in ({"x": "y"}, {"logout_token": ""}, {"logout_token": "a.b.c"}):
        assert (await server.post(PATH, data=form)).status_code == 400
    assert (await server.post(PATH, json={})).status_code == 415


async def test_the_sandbox_sends_one_to_this_machine_only(sandbox):
    with pytest.raises(AssertionError, match="this machine only"):
        order(sandbox, logout={"to": f"https://elsewhere.example{ISSUER}", "sid": "1"})
