"""What a browser is told with every answer, and what a page elsewhere cannot make of its cookies."""

import httpx
import pytest

from tests.authorization.applications import Browser, public_app
from tests.authorization.conftest import Register
from tests.authorization.people import People

OPEN = [
    "/",
    "/docs",
    "/openapi.json",
    "/requirements",
    "/version",
    "/health",
    "/ready",
    "/metrics",
    "/static/docs.js",
    "/nowhere",
    "/sign-in",
    "/sign-in?tenant=none",
    "/session",
    "/accounts",
    "/oauth/jwks",
    "/oauth/authorize",
    "/fhir/metadata",
    "/fhir/Patient",
    "/fhir/.well-known/smart-configuration",
]


@pytest.mark.parametrize("path", OPEN)
async def test_only_the_documentation_runs_a_script_and_nothing_is_kept_in_the_browser(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path)
    is_run = "script-src" in answer.headers["Content-Security-Policy"]
    assert is_run is (path == "/docs")
    if path == "/static/docs.js":  # what sets up Swagger UI: it would keep tokens if it were told to
        assert "persistAuthorization" not in answer.text and "Storage" not in answer.text


@pytest.mark.parametrize("path", OPEN)
async def test_every_answer_is_shielded(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert len(headers.get_list("X-Content-Type-Options")) == len(headers.get_list("Content-Security-Policy")) == 1


@pytest.mark.parametrize("path", OPEN)
async def test_what_has_a_body_says_what_it_is(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    kind, _, charset = answer.headers["Content-Type"].partition("; charset=")
    assert charset == "utf-8" or kind in ("application/json", "text/javascript") or not kind.startswith("text/")
    if kind.endswith("json"):
        assert answer.json()


@pytest.mark.parametrize("path", OPEN)
async def test_nothing_is_traced_back_to_its_sender(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.request("TRACE", path, headers={"Cookie": "a=b"})
    assert answer.status_code in (401, 404, 405)
    assert "a=b" not in answer.text


@pytest.mark.parametrize("path", ["/docs/", "/static", "/static/", "/oauth", "/fhir/Patient/", "/.git/config"])
async def test_no_address_leads_to_another_nor_lists_what_there_is(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code in (401, 404)
    assert "location" not in answer.headers


async def test_a_cookie_opens_nothing_under_fhir(http: httpx.AsyncClient, people: People) -> None:
    cookie = {"cookie": people.sign_in()}
    assert (await http.get("/fhir/Patient", headers=cookie)).status_code == 401
    assert (await http.post("/fhir/Patient", json={"resourceType": "Patient"}, headers=cookie)).status_code == 401


async def test_the_cookie_of_a_browser_that_comes_to_sign_in_is_out_of_reach(http: httpx.AsyncClient) -> None:
    [cookie] = (await http.get("/sign-in")).headers.get_list("set-cookie")
    assert cookie.startswith("__Host-sign-in=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


async def test_a_page_without_form_token_signs_nobody_in(http: httpx.AsyncClient) -> None:
    browser = (await http.get("/sign-in")).headers["set-cookie"].partition(";")[0]
    form = {"username": "jeanne", "password": "Xk7#pQ9!zLw2", "tenant": "1"}
    assert (await http.post("/sign-in", data=form)).status_code == 400
    assert (await http.post("/sign-in", data=form, headers={"cookie": browser})).status_code == 403


async def test_a_password_is_typed_unseen_and_may_be_pasted(http: httpx.AsyncClient) -> None:
    page = await http.get("/sign-in/reset?ticket=x")
    assert 'name="password" type="password" autocomplete="new-password"' in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text


async def test_a_request_from_elsewhere_does_not_answer_a_question(
    http: httpx.AsyncClient, people: People, register: Register
) -> None:
    browser = Browser(http, await register(public_app()), people.sign_in())
    await browser.authorize("user/Patient.rs")
    for form in ({"answer": "allow"}, {"answer": "allow", "request": "guessed"}):
        answer = await http.post("/oauth/decision", data=form, headers=browser.headers)
        assert answer.status_code == 400
        assert "location" not in answer.headers
