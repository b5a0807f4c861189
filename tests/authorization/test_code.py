"""The authorization code, from the application's request to its tokens, and every way in which it is refused."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from tests.authorization.applications import (
    BASE,
    CALLBACK,
    CLINICAL,
    Browser,
    bearer,
    confidential_app,
    public_app,
    sent,
)
from tests.authorization.conftest import Register
from tests.authorization.people import People
from tests.conftest import Database
from usager_server.accounts.session import parse_key

OF_CLIENT = "FROM authorization_grant WHERE client = $1"


@pytest.fixture
async def browser(http: httpx.AsyncClient, people: People, register: Register) -> Browser:
    """Somebody signed in, with an application."""
    return Browser(http, await register(public_app()), people.sign_in())


async def test_a_code_gives_an_access_token(browser: Browser):
    answer = await browser.tokens("user/Patient.rs")
    given = {"token_type": "Bearer", "scope": "user/Patient.rs", "expires_in": 900}
    assert answer == given | {"access_token": answer["access_token"]}


async def test_the_answer_tells_whom_it_is_from(browser: Browser):
    told = sent(await browser.answer(await browser.authorize("user/Patient.rs")))
    assert (told["iss"], told["state"]) == (BASE, "s-1")


async def test_the_request_may_be_posted(browser: Browser):
    page = await browser.http.post("/oauth/authorize", data=browser.asked("user/Patient.rs"), headers=browser.headers)
    assert "code" in sent(await browser.answer(page))


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(http: httpx.AsyncClient, register: Register):
    browser = Browser(http, await register(public_app()), None)
    answer = await browser.authorize("user/Patient.rs")
    address = urlsplit(answer.headers["location"])
    assert (answer.status_code, address.path) == (303, "/sign-in")
    back = urlsplit(parse_qs(address.query)["return"][0])
    assert back.path == "/oauth/authorize"
    assert {name: value for name, (value,) in parse_qs(back.query).items()} == browser.asked("user/Patient.rs")


async def test_prompt_none_asks_nobody(http: httpx.AsyncClient, people: People, register: Register):
    client = await register(public_app())
    nobody = await Browser(http, client, None).authorize("user/Patient.rs", prompt="none")
    somebody = await Browser(http, client, people.sign_in()).authorize("user/Patient.rs", prompt="none")
    assert sent(nobody)["error"] == "login_required"
    assert sent(somebody)["error"] == "interaction_required"


async def test_a_trusted_application_is_not_asked_about(http: httpx.AsyncClient, people: People, register: Register):
    browser = Browser(http, await register(confidential_app(trusted=True)), people.sign_in())
    assert "code" in sent(await browser.authorize("user/Patient.rs"))
    assert (await browser.authorize("user/Patient.rs", prompt="consent")).status_code == 200


async def test_any_other_application_is_asked_about_each_time(browser: Browser):
    first = await browser.authorize("user/Patient.rs")
    assert "code" in sent(await browser.answer(first))
    again = await browser.authorize("user/Patient.rs")
    assert (again.status_code, "location" in again.headers) == (200, False)
    assert "code" in sent(await browser.answer(again))


async def test_who_refuses_is_heard(browser: Browser):
    page = await browser.authorize("user/Patient.rs")
    assert sent(await browser.answer(page, "deny"))["error"] == "access_denied"
    assert (await browser.answer(page)).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": None},
        {"client_id": "1-0123456789abcdefghij"},
        {"client_id": "2-nobody' OR 1=1"},
        {"redirect_uri": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?a=b"},
        {"redirect_uri": "https://app.example.evil.example/callback"},
        {"redirect_uri": "https://app.example@evil.example/callback"},
        {"redirect_uri": "https://APP.example/callback"},
        {"redirect_uri": "https://app.example/../callback"},
    ],
)
async def test_nobody_is_sent_where_no_client_registered(browser: Browser, wrong: dict[str, str | None]):
    answer = await browser.authorize("user/Patient.rs", **wrong)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "Accès impossible" in answer.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"request_uri": "https://evil.example"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"launch": "1.nothing"}, "invalid_request"),
        ({"scope": "system/Patient.rs"}, "invalid_scope"),
        ({"scope": "user/Patient.sr"}, "invalid_scope"),
        ({"scope": "user/Patient.rs patient/Patient.read"}, "invalid_scope"),
        ({"scope": "something_else"}, "invalid_scope"),
        ({"scope": None}, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_told_to_the_application(browser: Browser, wrong: dict[str, str | None], error: str):
    told = sent(await browser.authorize(**{"scope": "user/Patient.rs", **wrong}))  # type: ignore[arg-type]
    assert (told["error"], told["iss"]) == (error, BASE)


async def test_a_parameter_given_twice_is_refused(browser: Browser):
    query = httpx.QueryParams(browser.asked("user/Patient.rs")).add("scope", "user/*.cruds")
    answer = await browser.http.get(f"/oauth/authorize?{query}", headers=browser.headers)
    assert answer.status_code == 400


async def test_a_scope_that_is_not_registered_is_left_out(http: httpx.AsyncClient, people: People, register: Register):
    browser = Browser(http, await register(public_app(scope="user/Patient.rs openid")), people.sign_in())
    answer = await browser.tokens("user/Patient.cruds user/Observation.rs openid fhirUser unknown")
    assert answer["scope"] == "openid user/Patient.rs"


async def test_another_person_cannot_answer(browser: Browser, people: People):
    page = await browser.authorize("user/Patient.rs")
    thief = Browser(browser.http, browser.client, people.sign_in())
    assert (await thief.answer(page)).status_code == 400
    nobody = Browser(browser.http, browser.client, None)
    assert (await nobody.answer(page)).status_code == 400
    assert "code" in sent(await browser.answer(page))


async def test_a_question_is_answered_once(browser: Browser):
    page = await browser.authorize("user/Patient.rs")
    first, second = await asyncio.gather(browser.answer(page), browser.answer(page))
    assert sorted([first.status_code, second.status_code]) == [303, 400]


async def test_a_code_used_again_ends_what_came_of_it(browser: Browser):
    code = await browser.code("user/Patient.rs")
    token = (await browser.exchange(code)).json()["access_token"]
    again = await browser.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    refused = await browser.http.get("/fhir/Patient/p", headers=bearer(token))
    assert refused.status_code == 401


async def test_of_two_at_once_one_has_the_code(browser: Browser):
    code = await browser.code("user/Patient.rs")
    answers = await asyncio.gather(*(browser.exchange(code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"code_verifier": "short"},
        {"redirect_uri": "https://app.example/other"},
        {"redirect_uri": ""},
    ],
)
async def test_a_wrong_proof_spends_the_code(browser: Browser, wrong: dict[str, str]):
    code = await browser.code("user/Patient.rs")
    assert (await browser.exchange(code, **wrong)).json()["error"] == "invalid_grant"
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"


async def test_the_code_of_one_application_is_nothing_to_another(browser: Browser, register: Register):
    code = await browser.code("user/Patient.rs")
    other = await register(public_app())
    assert (await browser.exchange(code, client_id=other.id)).json()["error"] == "invalid_grant"


async def test_the_code_of_one_tenant_is_nothing_behind_another_wall(
    browser: Browser, register: Register, people: People
):
    foreign = Browser(browser.http, await register(public_app(2)), people.sign_in(2))
    foreign.verifier = browser.verifier
    code = await browser.code("user/Patient.rs")
    assert (await foreign.exchange(code)).json()["error"] == "invalid_grant"
    moved = f"2.{code.partition('.')[2]}"
    assert (await foreign.exchange(moved)).json()["error"] == "invalid_grant"


async def test_a_person_of_another_tenant_cannot_allow(browser: Browser, people: People):
    stranger = Browser(browser.http, browser.client, people.sign_in(2))
    assert sent(await stranger.authorize("user/Patient.rs"))["error"] == "access_denied"


async def test_who_administers_gets_no_clinical_scope(browser: Browser, people: People):
    administrator = Browser(browser.http, browser.client, people.sign_in(is_privileged=True))
    for clinical in ("user/Patient.rs", "user/*.rs", "patient/Organization.rs", "user/Observation.rs"):
        assert sent(await administrator.authorize(clinical))["error"] == "access_denied"
    answer = await administrator.tokens("openid user/Patient.rs user/Organization.cruds user/AuditEvent.rs")
    assert answer["scope"] == "openid user/Organization.cruds user/AuditEvent.rs"
    answer = await administrator.tokens("openid launch/patient user/Organization.rs")  # no patient is looked for
    assert answer["scope"] == "openid user/Organization.rs" and "patient" not in answer


async def test_who_is_made_an_administrator_keeps_no_clinical_token(browser: Browser, people: People):
    code = await browser.code("user/Patient.rs")
    people.change(browser.headers["cookie"], is_privileged=True)
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_code_is_good_for_a_minute(browser: Browser, database: Database):
    code = await browser.code("user/Patient.rs")
    connection = await asyncpg.connect(database.superuser_url)
    left = await connection.fetchval(f"SELECT code_expires - now() {OF_CLIENT}", browser.client.id)
    assert 50 < left.total_seconds() <= 60
    await connection.execute("UPDATE authorization_grant SET code_expires = now() WHERE client = $1", browser.client.id)
    await connection.close()
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_session_that_ended_gives_no_token(browser: Browser, people: People):
    code = await browser.code("user/Patient.rs")
    people.sign_out(browser.headers["cookie"])
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"


async def test_max_age_wants_a_recent_sign_in(browser: Browser):
    assert sent(await browser.authorize("user/Patient.rs", max_age="0"))["error"] == "login_required"
    assert (await browser.authorize("user/Patient.rs", max_age="60")).status_code == 200


async def test_the_store_holds_no_code(browser: Browser, database: Database):
    code = await browser.code("user/Patient.rs")
    connection = await asyncpg.connect(database.superuser_url)
    held = await connection.fetch("SELECT g::text FROM authorization_grant AS g")
    await connection.close()
    assert code.partition(".")[2] not in str(held)


async def test_the_page_says_for_how_long_and_has_a_way_out(
    http: httpx.AsyncClient, people: People, register: Register
):
    confidential = confidential_app(scope=f"{CLINICAL} offline_access")
    browser = Browser(http, await register(confidential), people.sign_in())
    assert "jusqu&#39;à la fin de votre session, quatre heures au plus" in (await browser.authorize("user/*.rs")).text
    page = await browser.authorize("user/*.rs offline_access")
    assert "pendant 90 jours au plus, même après la fin de votre session" in page.text
    key = parse_key(browser.headers["cookie"].partition("=")[2])
    assert key and f'action="/sign-out">\n      <input type="hidden" name="csrf" value="{key.csrf}">' in page.text


async def test_the_page_keeps_to_itself(browser: Browser):
    page = await browser.authorize("user/Patient.rs")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example;" in policy
    assert page.headers["cache-control"] == "no-store"


async def test_a_name_of_an_application_is_shown_as_text(http: httpx.AsyncClient, people: People, register: Register):
    browser = Browser(http, await register(public_app(client_name="<script>alert(1)</script>")), people.sign_in())
    page = await browser.authorize("user/Patient.rs")
    assert "<script>" not in page.text


@pytest.mark.parametrize("scope", ["user/Patient.rs?name=martin", "user/Observation.rs?date=ge2026 user/Patient.rs"])
async def test_a_scope_that_cannot_be_held_is_told_to_the_application(browser: Browser, scope: str):
    answer = sent(await browser.authorize(scope))
    assert answer["error"] == "invalid_scope" and "narrow" in answer["error_description"]
