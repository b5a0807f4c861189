"""CIBA: what is asked, and what each answer of a poll leads to (psc.md 9)."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.national.psc.answers import CALLER, Server, refused, told
from usager_server.national.psc.ciba import GRANT, Abandoned, Asked, Ciba, Pending
from usager_server.national.psc.oauth import OAuthDown, OAuthRefused

ASKED = Asked("899700000000", "42", "MOBILE")
TOKENS = {"access_token": "at", "id_token": "it", "refresh_token": "rt", "expires_in": 120, "session_state": "s"}


class Time:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []

    def clock(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


def flow(server: Server, time: Time) -> Ciba:
    """Return the flow against a server."""
    return Ciba(server.http, CALLER, "https://psc.example/ciba", "https://psc.example/token", time.clock, time.sleep)


def pending(time: Time, seconds: int = 120) -> Pending:
    """Return a sign-in that waits, polled every five seconds."""
    return Pending("request", time.now + timedelta(seconds=seconds), 5)


async def test_the_request_says_who_how_and_at_which_level(time):
    server = Server(told(auth_req_id="request", expires_in=120, interval=7))
    started = await flow(server, time).start(ASKED)
    assert server.forms == [
        {
            "client_id": "usager",
            "scope": "openid scope_all",
            "acr_values": "eidas1",
            "login_hint": "899700000000",
            "binding_message": "42",
            "channel": "MOBILE",
        }
    ]
    assert (started.interval_seconds, started.expires) == (7, time.now + timedelta(seconds=120))


async def test_a_provider_that_names_no_interval_is_polled_every_five_seconds(time):
    started = await flow(Server(told(auth_req_id="request", expires_in=120)), time).start(ASKED)
    assert started.interval_seconds == 5


async def test_the_professional_agrees(time):
    server = Server(refused("authorization_pending"), told(**TOKENS))
    tokens = await flow(server, time).poll(pending(time))
    assert (tokens.access_token, tokens.session_state) == ("at", "s")
    assert server.forms[0] == {"client_id": "usager", "grant_type": GRANT, "auth_req_id": "request"}
    assert time.slept == [5, 5]


async def test_slow_down_adds_five_seconds_for_good(time):
    server = Server(refused("slow_down"), refused("authorization_pending"), told(**TOKENS))
    await flow(server, time).poll(pending(time))
    assert time.slept == [5, 10, 10]


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant", "unauthorized_client"])
async def test_a_refusal_ends_the_polling(time, error):
    server = Server(refused(error))
    with pytest.raises(OAuthRefused) as ended:
        await flow(server, time).poll(pending(time))
    assert (ended.value.error, ended.value.status, len(server.forms)) == (error, 400, 1)


async def test_polling_ends_with_the_request(time):
    server = Server(refused("authorization_pending"))
    with pytest.raises(OAuthRefused, match="expired_token"):
        await flow(server, time).poll(pending(time, seconds=12))
    assert len(server.forms) == 2
    assert sum(time.slept) == 12


@pytest.mark.parametrize("failure", [told(503), told(500), httpx.ConnectError, httpx.ReadTimeout])
async def test_silence_is_met_with_two_more_polls(time, failure):
    server = Server(failure)
    with pytest.raises(OAuthDown) as ended:
        await flow(server, time).poll(pending(time))
    assert ended.value.status == 503
    assert len(server.forms) == 3


async def test_a_poll_that_fails_once_is_forgotten(time):
    server = Server(httpx.ConnectError, told(502), refused("authorization_pending"), told(502), told(**TOKENS))
    assert (await flow(server, time).poll(pending(time))).access_token == "at"


async def test_nobody_waits_any_more(time):
    async def left() -> bool:
        return False

    server = Server(told(**TOKENS))
    with pytest.raises(Abandoned):
        await flow(server, time).poll(pending(time), left)
    assert server.forms == []


async def test_an_answer_without_a_token_is_refused(time):
    with pytest.raises(OAuthRefused, match="unreadable_answer"):
        await flow(Server(told(token_type="Bearer")), time).poll(pending(time))


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_the_status_of_a_gateway_is_told(time, status):
    with pytest.raises(OAuthDown) as down:
        await flow(Server(told(status)), time).start(ASKED)
    assert down.value.status == status


async def test_a_refused_request_carries_the_words_of_oauth(time):
    with pytest.raises(OAuthRefused) as told_no:
        await flow(Server(refused("unknown_user_id")), time).start(ASKED)
    assert (told_no.value.error, told_no.value.description) == ("unknown_user_id", "because")


async def test_no_token_shows_when_printed(time):
    tokens = await flow(Server(told(**TOKENS)), time).poll(pending(time))
    assert not {"'at'", "'it'", "'rt'"} & set(repr(tokens).replace(",", " ").split())
    assert "899700000000" not in repr(ASKED)
