"""What people let applications do: seen by themselves alone, and taken back."""

import asyncio
import json
import re
import time

import httpx
import pytest

from tests.authorization.applications import Browser, bearer, confidential_app, proof, public_app, rsa_key
from tests.authorization.conftest import Register
from tests.authorization.people import People
from tests.conftest import Database
from tests.repository.looking import look
from usager_server.authorization.limits import RECHECK_SECONDS

HERE = "/oauth/applications"
KEY = rsa_key()
OFFLINE = "openid offline_access user/Patient.rs"


@pytest.fixture
async def browser(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with an application of their browser."""
    return Browser(http, await register(public_app(client_name="Agenda <b>")), people.sign_in())


async def shown(browser: Browser) -> str:
    """Return the page."""
    answer = await browser.http.get(HERE, headers=browser.headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def form(page: str, **more: str) -> dict[str, str]:
    """Return what the button of a page sends."""
    found = dict(re.findall(r'name="(csrf|client)" value="([^"]+)"', page))
    return found | more


async def taken_back(browser: Browser, **more: str) -> httpx.Response:
    """Press the button."""
    return await browser.http.post(HERE, data=form(await shown(browser), **more), headers=browser.headers)


async def test_it_is_listed_with_what_it_may_do_since_when_and_its_last_use(browser: Browser) -> None:
    assert "Aucune application" in await shown(browser)
    await browser.tokens("openid user/Patient.rs")
    page = await shown(browser)
    assert "Agenda &lt;b&gt;" in page and "<b>" not in page
    assert "lire et chercher l&#39;identité auxquels vous avez accès" in page
    assert f"Autorisée depuis le {time.strftime('%d/%m/%Y', time.gmtime())}" in page
    assert "dernier accès renouvelé le" in page


async def test_a_grant_whose_code_was_never_used_is_listed_as_never_used(browser: Browser) -> None:
    await browser.code("user/Patient.rs")
    assert "jamais utilisée" in await shown(browser)


async def test_what_is_taken_back_ends_within_five_seconds(browser: Browser, database: Database) -> None:
    access = bearer((await browser.tokens("user/Patient.rs"))["access_token"])
    assert (await browser.http.get("/fhir/Patient/x", headers=access)).status_code == 404
    answer = await taken_back(browser)
    assert (answer.status_code, "Aucune application" in answer.text) == (200, True)
    await asyncio.sleep(RECHECK_SECONDS)  # under five
    assert (await browser.http.get("/fhir/Patient/x", headers=access)).status_code == 401
    kept = await look(
        database, "SELECT subject, body FROM trace WHERE kind = 'token-revoked' ORDER BY row DESC LIMIT 1"
    )
    ((subject, body),) = kept
    assert (subject, json.loads(body)["detail"]["because"]) == ("Practitioner/p1", "the person took it back")


async def test_a_refresh_token_that_was_taken_back_gives_nothing(
    http: httpx.AsyncClient, people: People, register: Register
) -> None:
    keys = {"keys": [{**KEY.as_dict(private=False), "kid": KEY.kid}]}
    client = await register(
        confidential_app(jwks=keys, scope=OFFLINE, grant_types=["authorization_code", "refresh_token"])
    )
    browser = Browser(http, client, people.sign_in())
    given = await browser.tokens(OFFLINE, **proof(client, KEY))
    assert "Aucune application" in (await taken_back(browser)).text
    refreshed = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], **proof(client, KEY)}
    answer = await http.post("/oauth/token", data=refreshed)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_nobody_sees_nor_ends_what_another_gave(browser: Browser, people: People) -> None:
    access = bearer((await browser.tokens("user/Patient.rs"))["access_token"])
    other = Browser(browser.http, browser.client, people.sign_in())
    page = await shown(other)
    assert "Agenda" not in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    stolen = {"csrf": csrf[1], "client": browser.client.id}
    answer = await browser.http.post(HERE, data=stolen, headers=other.headers)
    assert "n&#39;avait déjà plus d&#39;accès" in answer.text
    assert "Agenda" in await shown(browser)
    assert (await browser.http.get("/fhir/Patient/x", headers=access)).status_code == 404


@pytest.mark.parametrize("csrf", ["", "forged"])
async def test_a_form_of_another_site_ends_nothing(browser: Browser, csrf: str) -> None:
    await browser.tokens("user/Patient.rs")
    answer = await taken_back(browser, csrf=csrf)
    assert answer.status_code == 403
    assert "Agenda" in await shown(browser)


async def test_who_is_not_signed_in_is_sent_to_sign_in(http: httpx.AsyncClient) -> None:
    answer = await http.get(HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?return={HERE}")
    assert (await http.post(HERE, data={"csrf": "x", "client": "1-x"})).status_code == 401


async def test_the_page_runs_nothing_and_is_kept_by_nobody(browser: Browser) -> None:
    answer = await browser.http.get(HERE, headers=browser.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
