"""Who bears a token: how soon an end is felt, what is remembered, and what a person's rights are now."""

import asyncio
import time

import httpx
import pytest

from tests.authorization.applications import ORIGIN, Browser, bearer, ec_key, proof, public_app, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from usager_server.authorization import bearers as room
from usager_server.authorization.bearers import Bearers
from usager_server.authorization.keys import SigningKeys
from usager_server.authorization.limits import RECHECK_SECONDS
from usager_server.authorization.liveness import Alive
from usager_server.authorization.signed_in import Person
from usager_server.authorization.tokens import AccessToken, Tokens
from usager_server.errors import LoginRequired

ISSUER = "https://dui.example/fhir"
KEY = ec_key()


class Answers:
    """A liveness that is told what to say, and counts how often it was asked."""

    def __init__(self) -> None:
        self.said: Alive | None = Alive(Person(1, "p", "Practitioner/x", frozenset({"medecin"}), frozenset({"o1"})))
        self.times = 0

    async def of(self, _token: AccessToken) -> Alive | None:
        """Answer."""
        self.times += 1
        return self.said


@pytest.fixture
def answers() -> Answers:
    """What stands behind the tokens."""
    return Answers()


@pytest.fixture
def tokens(signing_keys) -> Tokens:
    """The tokens of the server."""
    return Tokens(SigningKeys(signing_keys), ISSUER)


@pytest.fixture
def bearers(tokens: Tokens, answers: Answers) -> Bearers:
    """What is tested."""
    return Bearers(tokens, answers)  # type: ignore[arg-type]


def headers(text: str) -> dict[bytes, bytes]:
    """Return the headers of who bears a token."""
    return {b"authorization": f"Bearer {text}".encode()}


def token(seconds: int = 60, **more: str) -> AccessToken:
    """Return a token for a person."""
    return AccessToken(1, "g", "1-c", "p", "user/Patient.rs", int(time.time()) + seconds, session="s", **more)


async def test_the_caller_has_what_token_and_person_say(bearers: Bearers, tokens: Tokens):
    caller = await bearers.caller(headers(tokens.access(token())), "r-1")
    grant = caller.grant
    assert (caller.tenant, caller.subject, caller.request_id) == (1, "p", "r-1")
    assert (grant.client, grant.session, grant.practitioner) == ("1-c", "s", "Practitioner/x")
    assert (grant.structures, grant.roles) == (frozenset({"o1"}), frozenset({"medecin"}))
    assert [str(scope) for scope in grant.scopes or ()] == ["user/Patient.rs"]


async def test_what_was_checked_is_believed_for_a_moment(
    bearers: Bearers, tokens: Tokens, answers: Answers, monkeypatch: pytest.MonkeyPatch
):
    text = tokens.access(token())
    for _ in range(10):
        await bearers.caller(headers(text), "r")
    assert answers.times == 1
    later = time.monotonic() + RECHECK_SECONDS
    monkeypatch.setattr(room.time, "monotonic", lambda: later)
    await bearers.caller(headers(text), "r")
    assert answers.times == 2


async def test_an_end_is_felt_within_five_seconds(
    bearers: Bearers, tokens: Tokens, answers: Answers, monkeypatch: pytest.MonkeyPatch
):
    text = tokens.access(token())
    await bearers.caller(headers(text), "r")
    answers.said = None
    later = time.monotonic() + 5
    monkeypatch.setattr(room.time, "monotonic", lambda: later)
    with pytest.raises(LoginRequired):
        await bearers.caller(headers(text), "r")


async def test_a_token_ends_to_the_second_even_when_it_was_just_checked(
    bearers: Bearers, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
):
    text = tokens.access(token(2))
    await bearers.caller(headers(text), "r")
    later = time.time() + 2
    monkeypatch.setattr(room.time, "time", lambda: later)
    with pytest.raises(LoginRequired, match="expired"):
        await bearers.caller(headers(text), "r")


async def test_the_memory_of_tokens_is_bounded(bearers: Bearers, tokens: Tokens, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "TOKENS_KNOWN", 3)
    for _ in range(6):
        await bearers.caller(headers(tokens.access(token())), "r")
    assert len(bearers._known) == 3


async def test_the_memory_holds_no_token(bearers: Bearers, tokens: Tokens):
    text = tokens.access(token())
    await bearers.caller(headers(text), "r")
    assert text.encode() not in bearers._known
    assert all(len(digest) == 32 for digest in bearers._known)


@pytest.mark.parametrize(
    "given", [{}, {b"authorization": b"Basic YTpi"}, {b"authorization": b"Bearer"}, {b"authorization": b"Bearer \xff"}]
)
async def test_without_a_token_there_is_a_challenge(bearers: Bearers, given: dict[bytes, bytes]):
    with pytest.raises(LoginRequired) as refused:
        await bearers.caller(given, "r")
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer realm=")


async def test_a_bound_token_wants_its_certificate(tokens: Tokens, answers: Answers):
    text = tokens.access(token(certificate="thumb"))
    binding = Bearers(tokens, answers, binds_certificates=True)  # type: ignore[arg-type]
    shown = {room.CERTIFICATE: b"thumb"}
    assert await binding.caller(headers(text) | shown, "r")
    for other in ({}, {room.CERTIFICATE: b"other"}):
        with pytest.raises(LoginRequired, match="certificate"):
            await binding.caller(headers(text) | other, "r")
    with pytest.raises(LoginRequired, match="certificate"):  # nobody speaks for certificates here
        await Bearers(tokens, answers).caller(headers(text) | shown, "r")  # type: ignore[arg-type]


async def test_the_end_of_a_session_is_the_end_of_its_tokens(
    http: httpx.AsyncClient, people: People, register: Register
):
    browser = Browser(http, await register(public_app()), people.sign_in())
    access = bearer((await browser.tokens("user/Patient.rs"))["access_token"])
    assert (await http.get("/fhir/Patient/x", headers=access)).status_code != 401
    people.sign_out(browser.headers["cookie"])
    ended = time.monotonic()
    while (await http.get("/fhir/Patient/x", headers=access)).status_code != 401:
        assert time.monotonic() - ended < 5
        await asyncio.sleep(0.2)


async def test_a_client_that_is_revoked_is_out_within_five_seconds(http: httpx.AsyncClient, register: Register, memory):
    client = await register(service(KEY))
    form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", **proof(client, KEY)}
    access = bearer((await http.post("/oauth/token", data=form)).json()["access_token"])
    assert (await http.get("/fhir/Patient/x", headers=access)).status_code != 401
    await memory.revoke_client(client.id, ORIGIN)
    ended = time.monotonic()
    while (await http.get("/fhir/Patient/x", headers=access)).status_code != 401:
        assert time.monotonic() - ended < 5
        await asyncio.sleep(0.2)


async def test_the_metrics_want_a_token_too(http: httpx.AsyncClient):
    assert (await http.get("/metrics")).status_code == 401
    assert (await http.get("/health")).status_code == 200
