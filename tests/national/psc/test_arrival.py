"""What becomes of an identity that is proven, while something else happens to its account."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from tests.accounts.conftest import (
    SOMEONE,
    clock,
    journal,
    runners,
    sealer,
    sessions,
    stored_account,
    waits_for_a_row,
)
from usager_server.accounts import accounts_store
from usager_server.accounts.account import Link, State
from usager_server.accounts.session import MOST_SESSIONS
from usager_server.errors import Forbidden
from usager_server.national.psc.code_flow import CodeFlow
from usager_server.national.psc.identity import ProfessionalIdentity
from usager_server.national.psc.oauth import OAuthClient
from usager_server.national.psc.provider import Proven, Provider
from usager_server.national.psc.sign_in import PscSignIn
from usager_server.national.psc.token_keeping import TokenKeeping
from usager_server.national.psc.tokens import PscTokens

__all__ = ["clock", "journal", "runners", "sealer", "sessions"]

RPPS = "19990000010"
NURSE = ProfessionalIdentity("f:1", f"8{RPPS}", RPPS, "Bertin", "Alix", "60", ())


@pytest.fixture
def signing_in(runners, sessions, journal, sealer, clock):
    provider = Provider(
        "https://psc.example", OAuthClient("dui"), httpx.AsyncClient, path="/.well-known", floor="eidas1"
    )
    keeping = TokenKeeping(provider, sealer, clock)
    return PscSignIn(provider, CodeFlow(provider, sealer), keeping, sessions, runners, journal, sealer)


def proven(clock):
    """Return the proof of the nurse's identity."""
    return Proven(NURSE, clock(), "eidas1", None, PscTokens("a", clock() + timedelta(minutes=2)))


async def test_an_account_that_is_closed_while_its_owner_arrives_stays_closed(signing_in, runners, clock):
    account = await stored_account(runners, state=State.PENDING, psc=Link.DECLARED, rpps=RPPS)
    async with runners(1).transaction() as runner:
        await accounts_store.change(runner, account.id, {"state": State.DISABLED})
        arriving = asyncio.create_task(signing_in.arrive(runners(1), proven(clock), SOMEONE, None, "/"))
        await waits_for_a_row(runner, arriving)
    with pytest.raises(Forbidden):
        await arriving
    assert (await accounts_store.by_id(runners(1), account.id)).state is State.DISABLED


async def test_sessions_that_are_opened_at_once_are_not_one_too_many(signing_in, sessions, runners, clock):
    account = await stored_account(runners, psc=Link.DECLARED, rpps=RPPS)
    for _ in range(MOST_SESSIONS):
        await signing_in.arrive(runners(1), proven(clock), SOMEONE, None, "/")
        clock.move(seconds=1)
    await asyncio.gather(*(signing_in.arrive(runners(1), proven(clock), SOMEONE, None, "/") for _ in range(3)))
    assert len(await sessions.of_account(1, account.id)) == MOST_SESSIONS
