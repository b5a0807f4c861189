"""Tokens during a session: one refresh for all who ask, nothing of value in the database, the end told as such."""

import asyncio
import uuid
from datetime import timedelta

import httpx
import pytest

from tests.accounts.conftest import SOMEONE, FakeClock, clock, journal, runners, sealer, sessions, stored_account
from usager_server.accounts import sessions_store
from usager_server.accounts.sessions import Proof
from usager_server.errors import LoginRequired
from usager_server.national.psc.oauth import OAuthClient, OAuthDown
from usager_server.national.psc.provider import Provider
from usager_server.national.psc.token_keeping import TokenKeeping
from usager_server.national.psc.tokens import PscTokens

__all__ = ["clock", "journal", "runners", "sealer", "sessions"]
ISSUER = "https://psc.example"


class Played:
    """A token endpoint that counts, rotates, and says what a test wants."""

    def __init__(self) -> None:
        self.refreshes: list[str] = []
        self.status = 200
        self.error = ""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        if request.url.path.endswith("configuration"):
            names = ("jwks_uri", "token_endpoint", "authorization_endpoint", "userinfo_endpoint")
            return httpx.Response(200, json={"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in names}})
        await asyncio.sleep(0.05)
        self.refreshes.append(dict(httpx.QueryParams(request.content.decode()))["refresh_token"])
        if self.status != 200:
            return httpx.Response(self.status, json={"error": self.error})
        number = len(self.refreshes)
        content = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 120}
        return httpx.Response(200, json=content)


@pytest.fixture
def played():
    return Played()


@pytest.fixture
async def keeping(played, sealer, clock):
    made = httpx.AsyncClient(transport=httpx.MockTransport(played))
    provider = Provider(ISSUER, OAuthClient("usager"), lambda: made, path="/configuration", floor="eidas1")
    yield TokenKeeping(provider, sealer, clock)
    await provider.close()


def given(clock: FakeClock) -> PscTokens:
    """Return what a sign-in gave."""
    return PscTokens("access-0", clock() + timedelta(seconds=120), "refresh-0", id_token="id-0")


@pytest.fixture
async def sid(keeping, runners, sessions, clock):
    account = await stored_account(runners)
    async with runners(1).transaction() as runner:
        proof = Proof("psc", provider=ISSUER, tokens=keeping.sealed(1, given(clock)))
        _, session = await sessions.open(runner, account, proof, SOMEONE)
    keeping.remember(session.sid, given(clock))
    return session.sid


async def test_a_token_that_is_good_is_used_as_it_is(keeping, runners, sid, played, clock):
    clock.move(seconds=99)
    assert await keeping.access_token(runners(1), sid) == "access-0"
    assert played.refreshes == []


async def test_fifty_calls_at_once_make_one_refresh(keeping, runners, sid, played, clock):
    clock.move(seconds=101)
    found = await asyncio.gather(*(keeping.access_token(runners(1), sid) for _ in range(50)))
    assert (set(found), played.refreshes) == ({"access-1"}, ["refresh-0"])
    clock.move(seconds=101)
    assert await keeping.access_token(runners(1), sid) == "access-2"
    assert played.refreshes == ["refresh-0", "refresh-1"]


async def test_another_process_goes_on_with_what_the_first_one_left(keeping, runners, sid, played, clock, sealer):
    other = TokenKeeping(keeping._provider, sealer, clock)
    assert await other.access_token(runners(1), sid) == "access-1"
    clock.move(seconds=101)
    assert await keeping.access_token(runners(1), sid) == "access-2"
    assert played.refreshes == ["refresh-0", "refresh-1"]


async def test_when_the_provider_has_ended_the_session_its_tokens_are_forgotten(keeping, runners, sid, played, clock):
    clock.move(seconds=101)
    played.status, played.error = 400, "invalid_grant"
    for _ in range(2):
        with pytest.raises(LoginRequired):
            await keeping.access_token(runners(1), sid)
    assert len(played.refreshes) == 1
    assert await sessions_store.by_sid(runners(1), sid) is not None


async def test_a_provider_that_is_down_costs_no_token(keeping, runners, sid, played, clock):
    clock.move(seconds=101)
    played.status = 503
    with pytest.raises(OAuthDown):
        await keeping.access_token(runners(1), sid)
    played.status = 200
    assert await keeping.access_token(runners(1), sid) == "access-2"


async def test_a_session_that_is_over_has_no_token(keeping, runners, sid, sessions, clock):
    clock.move(seconds=101)
    async with runners(1).transaction() as runner:
        await sessions_store.end(runner, [sid], clock(), "over")
    for each in (sid, uuid.uuid4()):
        with pytest.raises(LoginRequired):
            await keeping.access_token(runners(1), each)


@pytest.mark.requirement("SC.MSS/CONF.28")
async def test_the_access_token_is_not_stored_even_sealed(keeping, runners, sid, sealer):
    async with runners(1).transaction() as runner:
        sealed = await sessions_store.tokens_held(runner, sid)
    assert b"refresh-0" not in sealed and b"access-0" not in sealed
    clear = sealer.open("psc 1", sealed)
    assert b"refresh-0" in clear and b"access" not in clear
