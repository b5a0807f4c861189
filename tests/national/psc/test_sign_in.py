"""Signing in with Pro Santé Connect, from the button to the session, on a certified provider with real TLS."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from tests.national.psc.conftest import fail, order, received
from tests.national.psc.signing_in import (
    ADMINISTRATOR,
    DOCTOR,
    NEWCOMER,
    NURSE,
    RPPS,
    account_of,
    hidden,
    served,
    somebody,
)
from usager_server.national.psc.sandbox import ISSUER


@pytest.fixture
async def server(sandbox, database, tmp_path):
    async with served(sandbox, database.url, tmp_path) as client:
        yield client


@pytest.fixture
async def person(server, sandbox):
    async with somebody(server, sandbox) as person:
        yield person


async def traces(database, kind: str) -> list[asyncpg.Record]:
    """Return the traces of a kind, oldest first."""
    connection = await asyncpg.connect(database.superuser_url)
    found = await connection.fetch("SELECT * FROM trace WHERE kind = $1 ORDER BY row", kind)
    await connection.close()
    return found


@pytest.mark.requirement("SC.PSC.08")
async def test_the_request_asks_for_eidas1_with_pkce_state_and_nonce(person, sandbox):
    address = urlsplit(await person.sent())
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{ISSUER}" == sandbox.settings["psc_issuer"]
    assert (asked["acr_values"], asked["scope"], asked["response_type"]) == ("eidas1", "openid scope_all", "code")
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    assert asked["redirect_uri"] == "https://localhost/sign-in/psc/callback"


async def test_a_proof_is_as_old_as_the_provider_says_and_it_can_be_made_to_ask_again(person, server, database):
    await account_of(server, NURSE, roles=["infirmier"])
    await person.signs_in(NURSE)
    first = await person.session()
    await asyncio.sleep(1.1)  # instants of the provider are whole seconds
    await person.signs_in(NURSE)
    known = await person.session()
    assert known["sid"] != first["sid"]
    assert known["authenticated"] == first["authenticated"]
    await person.signs_in(NURSE, again="1")
    asked = await person.session()
    assert asked["authenticated"] > first["authenticated"]


@pytest.mark.requirement("PSC/va1.01")
async def test_a_declared_rpps_attaches_the_account_and_opens_the_session(person, server, database):
    account = await account_of(server, NURSE, roles=["infirmier"], practitioner="Practitioner/camille")
    answer = await person.signs_in(NURSE, "/somewhere?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/somewhere?x=1")
    session = await person.session()
    assert (session["account"], session["means"], session["acr"]) == (account["id"], "psc", "eidas1")
    assert (session["practitioner"], session["exercise"]["structure"]) == ("Practitioner/camille", "640000002")
    found = (await server.get(f"/accounts/{account['id']}", headers=ADMINISTRATOR)).json()
    assert (found["psc"], found["state"], found["profession"]) == ("linked", "active", "60")
    assert [it["subject"] for it in await traces(database, "account-linked")] == ["anonymous"]
    assert (await traces(database, "sign-in"))[-1]["subject"] == "Practitioner/camille"


async def test_the_cookie_is_out_of_reach_and_bears_nothing(person, server):
    await account_of(server, NURSE)
    answer = await person.signs_in(NURSE)
    cookie = next(it for it in answer.headers.get_list("set-cookie") if it.startswith("__Host-session="))
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


async def test_a_second_sign_in_uses_the_same_account(person, server):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    first = await person.session()
    await person.signs_in(NURSE)
    second = await person.session()
    assert (first["account"], first["sid"] != second["sid"]) == (second["account"], True)


async def test_several_situations_are_chosen_between_once_a_session(person, server):
    await account_of(server, DOCTOR)
    answer = await person.signs_in(DOCTOR, "/there")
    assert answer.headers["location"] == "/sign-in/exercise?return=%2Fthere"
    assert (await person.session())["exercise"] is None
    page = (await person.at.get(answer.headers["location"])).text
    assert "EHPAD LES TILLEULS" in page and "CABINET MEDICAL" in page
    form = {"csrf": hidden(page, "csrf"), "return": hidden(page, "return"), "situation": "1"}
    forged = await person.at.post("/sign-in/exercise", data={**form, "csrf": "x"})
    assert forged.status_code == 403
    chosen = await person.at.post("/sign-in/exercise", data=form)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/there")
    assert (await person.session())["exercise"]["label"] == "CABINET MEDICAL"


async def test_somebody_without_account_gets_a_ticket_and_no_session(person, database):
    answer = await person.signs_in(NEWCOMER)
    assert answer.status_code == 403
    assert "Aucun compte" in answer.text and "Ticket de rattachement" in answer.text
    assert await person.session() is None
    assert (await traces(database, "sign-in"))[-1]["outcome"] == 4


async def test_who_says_no_comes_back_to_the_page(person):
    answer = await person.signs_in("")
    assert answer.status_code == 303
    assert "told=cancelled" in answer.headers["location"]
    page = await person.at.get(answer.headers["location"])
    assert "Vous avez renoncé" in page.text


@pytest.mark.requirement("SC.PSC.08")
@pytest.mark.parametrize("acr", ["eidas0", None])
async def test_a_level_that_is_too_low_or_absent_opens_nothing(person, server, sandbox, database, acr):
    await account_of(server, NURSE)
    order(sandbox, acr=acr)
    assert (await person.signs_in(NURSE)).status_code == 403
    assert await person.session() is None
    assert (await traces(database, "sign-in"))[-1]["outcome"] == 4


async def test_a_higher_floor_refuses_what_the_usual_one_accepts(sandbox, database, tmp_path):
    async with (
        served(sandbox, database.url, tmp_path, psc_acr_floor="eidas2") as server,
        somebody(server, sandbox) as one,
    ):
        await account_of(server, NURSE)
        assert (await one.signs_in(NURSE)).status_code == 403
        order(sandbox, acr="eidas3")
        one.elsewhere.cookies.clear()
        assert (await one.signs_in(NURSE)).status_code == 303


async def test_the_way_back_belongs_to_the_browser_that_went(person, server, sandbox):
    await account_of(server, NURSE)
    address = await person.answered(await person.sent(), NURSE)
    async with somebody(server, sandbox) as stranger:
        assert (await stranger.at.get(address)).status_code == 400  # no cookie
        await stranger.at.get("/sign-in")
        assert (await stranger.at.get(address)).status_code == 400  # another cookie, and the state is used up
    assert (await person.at.get(address)).status_code == 400
    assert await person.session() is None


@pytest.mark.parametrize(
    "changes",
    [{"state": "s" * 43}, {"iss": "https://evil.example"}, {"iss": None}, {"state": None}, {"code": "stolen"}],
)
async def test_an_answer_that_was_changed_on_the_way_opens_nothing(person, server, database, changes):
    await account_of(server, NURSE)
    address = httpx.URL(await person.answered(await person.sent(), NURSE))
    params = {name: value for name, value in {**address.params, **changes}.items() if value is not None}
    answer = await person.at.get(address.copy_with(params=params))
    assert answer.status_code == (403 if "code" in changes else 400)
    assert await person.session() is None
    assert (await traces(database, "sign-in"))[-1]["outcome"] == 4


async def test_a_used_answer_opens_no_second_session(person, server):
    await account_of(server, NURSE)
    address = await person.answered(await person.sent(), NURSE)
    assert (await person.at.get(address)).status_code == 303
    assert (await person.at.get(address)).status_code == 400


async def test_the_provider_down_at_sign_in_is_told_and_the_other_means_stay(sandbox, database, tmp_path):
    nobody = "https://localhost:9/auth/realms/esante-wallet"
    async with served(sandbox, database.url, tmp_path, psc_issuer=nobody) as server:
        assert (await server.get("/health")).status_code == 200
        answer = await server.get("/sign-in/psc")
        assert answer.status_code == 503
        assert "Réessayez" in answer.text
        assert "Mot de passe" in (await server.get("/sign-in")).text


@pytest.mark.parametrize("act", ["suspend", "disable"])
async def test_a_proof_of_identity_does_not_open_a_closed_account(person, server, act):
    account = await account_of(server, NURSE)
    await person.signs_in(NURSE)
    closed = await server.post(f"/accounts/{account['id']}/{act}", json={"reason": "départ"}, headers=ADMINISTRATOR)
    assert closed.status_code == 200
    assert await person.session() is None
    assert (await person.signs_in(NURSE)).status_code == 403


async def test_an_unlinked_account_is_not_linked_again_by_itself(person, server):
    account = await account_of(server, NURSE)
    await person.signs_in(NURSE)
    path = f"/accounts/{account['id']}/unlink"
    assert (await server.post(path, json={"reason": "erreur"}, headers=ADMINISTRATOR)).json()["psc"] == "unlinked"
    assert await person.session() is None
    assert (await person.signs_in(NURSE)).status_code == 403


async def test_the_token_endpoint_was_called_with_our_certificate_and_the_verifier(person, server, sandbox):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    form = parse_qs(received(sandbox, "/token")[-1]["body"])
    assert set(form) == {"client_id", "grant_type", "code", "redirect_uri", "code_verifier"}


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "/a b"])
async def test_nobody_is_sent_elsewhere_after_signing_in(person, server, back):
    await account_of(server, NURSE)
    assert (await person.signs_in(NURSE, back)).headers["location"] == "/session"


async def test_no_token_is_in_the_database_in_clear_nor_in_the_log(person, server, sandbox, database, capfd):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    given = await person.at.get("/session")
    connection = await asyncpg.connect(database.superuser_url)
    everything = ""
    for table in ("session", "ticket", "trace", "account", "account_link"):
        everything += "\n".join(str(it) for it in await connection.fetch(f"SELECT * FROM {table}"))  # noqa: S608
    kept = await connection.fetchval("SELECT provider_tokens FROM session")
    await connection.close()
    asked = received(sandbox, "/userinfo")[-1]["headers"]["authorization"].removeprefix("Bearer ")
    code = parse_qs(received(sandbox, "/token")[-1]["body"])["code"][0]
    captured = capfd.readouterr()
    assert kept is not None
    for secret in (asked, code, person.at.cookies["__Host-session"].partition(".")[2]):
        assert secret not in everything + captured.out + captured.err + given.text


@pytest.mark.requirement("SC.SSI/IE.38")
async def test_signing_out_ends_the_session_here_and_there(person, server, sandbox):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    session = await person.session()
    cookie = person.at.cookies["__Host-session"]
    assert (await person.at.delete("/session")).status_code == 403
    ended = await person.at.delete("/session", headers={"X-CSRF-Token": session["csrf"]})
    assert ended.status_code == 204
    assert "__Host-session" not in person.at.cookies
    kept = await server.get("/session", headers={"Cookie": f"__Host-session={cookie}"})
    assert kept.status_code == 401
    assert len(received(sandbox, "/revoke")) == len(received(sandbox, "/logout")) == 1
    assert "id_token_hint" in received(sandbox, "/logout")[0]["body"]


async def test_signing_out_does_not_wait_for_the_provider(person, server, sandbox):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    csrf = (await person.session())["csrf"]
    fail(sandbox, times=5)
    assert (await person.at.delete("/session", headers={"X-CSRF-Token": csrf})).status_code == 204
    assert await person.session() is None


async def test_a_link_of_another_site_shows_the_button_first(person, server):
    query, elsewhere = "return=%2Fsession&idle_seconds=300", {"Sec-Fetch-Site": "cross-site"}
    answer = await person.at.get(f"/sign-in/psc?{query}", headers=elsewhere)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?{query}")
    page = await person.at.get(answer.headers["location"])
    assert "/sign-in/psc?return=%2Fsession&amp;tenant=1&amp;idle_seconds=300" in page.text
    clicked = await person.at.get("/sign-in/psc", headers={"Sec-Fetch-Site": "same-origin"})
    assert clicked.headers["location"].startswith("https://")


async def test_the_other_sessions_are_listed_and_ended(person, server, sandbox):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    async with somebody(server, sandbox) as elsewhere:
        await elsewhere.signs_in(NURSE)
        listed = (await person.at.get("/sessions")).json()["sessions"]
        assert [it["current"] for it in listed] == [False, True]
        csrf = {"X-CSRF-Token": (await person.session())["csrf"]}
        assert (await person.at.delete(f"/sessions/{listed[0]['sid']}", headers=csrf)).status_code == 204
        assert await elsewhere.session() is None
        await elsewhere.signs_in(NURSE)
        assert (await person.at.delete("/sessions", headers=csrf)).json() == {"ended": 1}
        assert await elsewhere.session() is None
    assert await person.session() is not None


@pytest.mark.requirement("PSC/va1.01")
async def test_an_identity_is_free_for_one_account_of_a_tenant(person, server):
    await account_of(server, NURSE)
    await person.signs_in(NURSE)
    taken = {"family": "Autre", "given": "Une", "username": "une.autre", "rpps": RPPS[NURSE]}
    assert (await server.post("/accounts", json=taken, headers=ADMINISTRATOR)).status_code == 201
    await person.signs_in(NURSE)
    assert (await person.session())["username"] != "une.autre"


async def test_the_same_person_has_an_account_in_each_tenant(person, server, sandbox):
    from tests.national.psc.signing_in import TOKEN

    await account_of(server, NURSE)
    given = {"family": "Nguyen", "given": "Camille", "username": "camille", "rpps": RPPS[NURSE]}
    other = {"Authorization": f"Bearer {TOKEN[::-1]}"}
    assert (await server.post("/accounts", json=given, headers=other)).status_code == 201
    await person.signs_in(NURSE, tenant="2")
    assert ((await person.session())["tenant"], (await person.session())["username"]) == (2, "camille")


async def test_an_administrator_ends_the_sessions_of_somebody(person, server):
    account = await account_of(server, NURSE)
    await person.signs_in(NURSE)
    ended = await server.delete(f"/accounts/{account['id']}/sessions", headers=ADMINISTRATOR)
    assert ended.json() == {"ended": 1}
    assert await person.session() is None
