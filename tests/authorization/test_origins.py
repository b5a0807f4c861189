"""Which pages may read the answers of the server (CORS)."""

import httpx
import pytest

from tests.authorization.applications import CALLBACK, Browser, public_app
from tests.authorization.conftest import Register
from tests.authorization.people import People

OURS, OTHER = "https://app.example", "https://other.example"


@pytest.fixture
async def token(http: httpx.AsyncClient, register: Register, people: People) -> str:
    """An access token of an application whose page is at OURS."""
    assert CALLBACK.startswith(OURS)
    client = await register(public_app())
    given = await Browser(http, client, people.sign_in()).tokens("openid user/*.rs")
    return str(given["access_token"])


async def read(http: httpx.AsyncClient, origin: str, token: str | None = None) -> httpx.Response:
    """Ask as the page of an origin does."""
    bears = {"Authorization": f"Bearer {token}"} if token else {}
    return await http.get("/fhir/Patient", headers={"Origin": origin, **bears})


async def test_the_page_of_an_application_reads_what_its_token_gives(http: httpx.AsyncClient, token: str) -> None:
    answer = await read(http, OURS, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", [OTHER, "null", "https://app.example.evil.example", "http://app.example"])
async def test_another_page_does_not_even_with_the_token(http: httpx.AsyncClient, token: str, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in (await read(http, origin, token)).headers


async def test_any_page_reads_that_it_must_sign_in(http: httpx.AsyncClient) -> None:
    answer = await read(http, OTHER)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, OTHER)


@pytest.mark.parametrize("path", ["/fhir/.well-known/smart-configuration", "/fhir/metadata"])
async def test_any_page_reads_what_is_public(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, headers={"Origin": OTHER})
    assert (answer.status_code, answer.headers.get("Access-Control-Allow-Origin")) == (200, OTHER)


async def test_a_preflight_says_what_may_be_asked(http: httpx.AsyncClient) -> None:
    asked = {"Origin": OURS, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match"}
    answer = await http.request("OPTIONS", "/fhir/Patient/1", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "If-Match" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["/oauth/authorize", "/sign-in", "/", "/metrics"])
async def test_pages_for_people_are_not_for_other_pages(http: httpx.AsyncClient, path: str) -> None:
    asked = {"Origin": OURS, "Access-Control-Request-Method": "GET"}
    for method in ("OPTIONS", "GET"):
        answer = await http.request(method, path, headers=asked)
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_without_an_origin_nothing_is_added(http: httpx.AsyncClient, token: str) -> None:
    answer = await http.get("/fhir/Patient", headers={"Authorization": f"Bearer {token}"})
    assert not any(name.startswith("access-control") for name in answer.headers)
