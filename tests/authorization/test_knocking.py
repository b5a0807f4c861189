"""An address that knocks too often where people and clients prove who they are."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.accounts.conftest import quick_hashes as quick_hashes
from tests.authorization.applications import ec_key, proof, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from usager_server.app import create_app
from usager_server.http.knocking import neighbourhood
from usager_server.networks import parse_address
from usager_server.settings import Settings
from usager_server.testing import client_of

REFUSALS, PROXY = 6, "127.0.0.1"
WRONG = {"grant_type": "refresh_token", "refresh_token": "guessed", "client_id": "1-guessed"}
KEY = ec_key()


@pytest.fixture(scope="module")
def smart_settings(smart_settings: dict[str, Any]) -> dict[str, Any]:
    """The server stands behind a proxy, the tests' own client, which says where a request comes from."""
    return smart_settings | {"trusted_proxies": PROXY, "refusals_per_minute": REFUSALS}


@pytest.fixture(scope="module")
async def stranger(smart_settings: dict[str, Any], people: People) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another process on the same database, to which the tests' client is no proxy."""
    async with client_of(create_app(Settings(**smart_settings | {"trusted_proxies": ""}), people)) as client:
        yield client


def at(address: str, accept: str = "*/*") -> dict[str, str]:
    """Return the headers of somebody at an address."""
    return {"x-forwarded-for": address, "accept": accept}


def may_pass(began: float) -> range:
    """Return how many refusals an address may have had since an instant: its bucket fills meanwhile."""
    return range(REFUSALS, REFUSALS + 2 + int((time.monotonic() - began) * REFUSALS / 60))


async def tried(http: httpx.AsyncClient, address: str, times: int) -> list[int]:
    """Try a token, all at once; return the statuses, in order."""
    answers = await asyncio.gather(*(http.post("/oauth/token", data=WRONG, headers=at(address)) for _ in range(times)))
    return sorted(answer.status_code for answer in answers)


async def test_after_some_refusals_an_address_waits(http: httpx.AsyncClient):
    began = time.monotonic()
    statuses = await tried(http, "198.51.100.1", 4 * REFUSALS)
    assert set(statuses) == {401, 429} and statuses.count(401) in may_pass(began)
    assert await tried(http, "198.51.100.2", 1) == [401]


async def test_many_at_once_are_held_too_and_other_processes_know(http: httpx.AsyncClient, stranger: httpx.AsyncClient):
    began = time.monotonic()
    one, other = await asyncio.gather(*(tried(each, PROXY, 2 * REFUSALS) for each in (http, stranger)))
    assert set(one + other) == {401, 429} and (one + other).count(401) in may_pass(began)


async def test_everyone_is_told_when_to_come_back_in_their_words(http: httpx.AsyncClient):
    await tried(http, "198.51.100.3", 4 * REFUSALS)
    client, person, program = await asyncio.gather(
        http.post("/oauth/token", data=WRONG, headers=at("198.51.100.3")),
        http.post("/sign-in", data={}, headers=at("198.51.100.3", "text/html,*/*")),
        http.post("/sign-in/ciba", json={}, headers=at("198.51.100.3")),
    )
    assert client.json()["error"] == "temporarily_unavailable"
    assert "Patientez" in person.text and person.headers["content-security-policy"].startswith("default-src 'none'")
    assert program.json()["issue"][0]["code"] == "throttled"
    for answer in (client, person, program):
        assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 60 // REFUSALS


async def test_passwords_tried_on_one_account_after_another_are_held(http: httpx.AsyncClient):
    page = await http.get("/sign-in", headers=at("198.51.100.4"))
    browser = {"cookie": page.headers["set-cookie"].partition(";")[0]}
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 10 * REFUSALS:
        number = len(statuses)
        form = {"csrf": csrf, "username": f"person{number}", "password": "Summer2026!", "tenant": "1"}
        answer = await http.post("/sign-in", data=form, headers=at("198.51.100.4", "text/html") | browser)
        statuses.append(answer.status_code)
    assert set(statuses[:-1]) == {401} and statuses[-1] == 429


async def test_whoever_is_let_in_does_not_wait(http: httpx.AsyncClient, register: Register):
    client = await register(service(KEY))
    for _ in range(3 * REFUSALS):
        form = {"grant_type": "client_credentials", "scope": "system/*.rs", **proof(client, KEY)}
        assert (await http.post("/oauth/token", data=form, headers=at("198.51.100.5"))).status_code == 200
        assert (await http.get("/sign-in", headers=at("198.51.100.5"))).status_code == 200


async def test_a_stranger_does_not_choose_where_it_comes_from(stranger: httpx.AsyncClient):
    answers = [await tried(stranger, f"203.0.113.{number}", 1) for number in range(2 * REFUSALS)]
    assert [429] in answers


async def test_an_address_has_a_number_of_requests_in_all(smart_settings: dict[str, Any], people: People):
    few = Settings(**smart_settings | {"requests_per_minute": 8})
    async with client_of(create_app(few, people)) as http:
        statuses = [(await http.get("/sign-in", headers=at("198.51.100.6"))).status_code for _ in range(40)]
        elsewhere = [await http.get(path, headers=at("198.51.100.6")) for path in ("/health", "/oauth/jwks")]
    assert set(statuses[:8]) == {200} and 429 in statuses
    assert [answer.status_code for answer in elsewhere] == [200, 200]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("198.51.100.1", "198.51.100.2", False),
    ],
)
def test_an_ipv6_subscriber_is_one_whatever_the_address(one: str, other: str, together: bool):
    assert (neighbourhood(parse_address(one)) == neighbourhood(parse_address(other))) is together
