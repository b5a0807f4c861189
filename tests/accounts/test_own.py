"""What somebody who is signed in changes of their own, over HTTP, with a password and a code."""

import base64
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import Database, copied_database, drop_database
from tests.private_files import private_file
from usager_server.accounts.totp import code_at
from usager_server.app import create_app
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.settings import Settings
from usager_server.testing import client_of

ADMINISTRATOR = {"Authorization": f"Bearer {'0123456789abcdef' * 4}"}
PASSWORD, OTHER = "Xk7#pQ9!zLw2mV4&", "Rt5?yU8;kJn3bW6%"


@pytest.fixture(scope="module")
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database for the tests of this file, which each have an account."""
    database = await copied_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture(scope="module")
async def desk(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that has accounts; whose cookies are nobody's."""
    folder = tmp_path_factory.mktemp("desk")
    token = ADMINISTRATOR["Authorization"].partition(" ")[2]
    tokens = private_file(folder / "tokens", f"{token} 1 administrator\n")
    settings = Settings(
        database_url=database.url,
        data_dir=folder,
        auth="token",
        token_file=tokens,
        log_level="warning",
        refusals_per_minute=1_000_000,
    )
    async with client_of(create_app(settings), "https://localhost") as client:
        yield client


class AtADesk:
    """An administrator at a browser of their own. Shape: secret: of the application that they enrolled; see `aged`."""

    def __init__(self, desk: httpx.AsyncClient, username: str) -> None:
        self.at = httpx.AsyncClient(transport=desk._transport, base_url="https://localhost")
        self.username = username
        self.secret: str = ""

    async def chooses(self, reset: str, password: str = PASSWORD) -> httpx.Response:
        """Choose a password by a link."""
        page = await self.at.get(reset)
        return await self.at.post("/sign-in/reset", data={**hidden(page), "password": password})

    async def signs_in(self, password: str = PASSWORD) -> httpx.Response:
        """Type a name, a password and a code; return the last answer."""
        page = await self.at.get("/sign-in")
        form = {**hidden(page), "username": self.username, "password": password}
        page = await self.at.post("/sign-in", data=form)
        if page.status_code != 200:
            return page
        if shown := re.search(r'class="secret">([A-Z2-7]+)<', page.text):
            self.secret = shown[1]
        return await self.at.post("/sign-in/code", data={**hidden(page), "code": self.code()})

    def code(self) -> str:
        """Return the code that the application shows."""
        return code_at(base64.b32decode(self.secret), int(time.time()) // 30)

    async def csrf(self) -> dict[str, str]:
        """Return the header that a write wants."""
        return {"X-CSRF-Token": (await self.at.get("/session")).json()["csrf"]}

    async def is_in(self) -> bool:
        """Tell whether the cookie opens a session."""
        return (await self.at.get("/session")).status_code == 200


def hidden(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page."""
    return dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page.text))


@pytest.fixture
async def somebody(desk: httpx.AsyncClient) -> AsyncIterator[AtADesk]:
    """An administrator who has a password and is signed in."""
    given = {"username": f"admin-{uuid.uuid4().hex[:8]}", "kind": "privileged", "family": "Martin", "given": "Claude"}
    made = (await desk.post("/accounts", json=given, headers=ADMINISTRATOR)).json()
    person = AtADesk(desk, given["username"])
    assert (await person.chooses(made["reset"])).status_code == 303
    assert (await person.signs_in()).status_code == 200
    yield person
    await person.at.aclose()


async def aged(database: Database) -> None:
    """Let a quarter of an hour go by for the proof of every session and the codes that were used."""
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("UPDATE session SET authenticated = authenticated - interval '15 minutes'")
    await connection.execute("UPDATE account_factor SET last_used = last_used - 30")
    await connection.close()


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return the status of a refusal and its code."""
    return answer.status_code, answer.json()["issue"][0]["code"]


async def test_a_password_is_replaced_by_whoever_types_the_old_one(somebody: AtADesk):
    csrf = await somebody.csrf()
    wrong = await somebody.at.post("/account/password", json={"old": OTHER, "password": OTHER}, headers=csrf)
    assert refused(wrong) == (401, "login")
    weak = await somebody.at.post("/account/password", json={"old": PASSWORD, "password": "short"}, headers=csrf)
    assert weak.status_code == 422
    assert await somebody.is_in()
    right = await somebody.at.post("/account/password", json={"old": PASSWORD, "password": OTHER}, headers=csrf)
    assert right.status_code == 204
    assert not await somebody.is_in()
    assert (await somebody.signs_in(PASSWORD)).status_code == 401


async def test_a_stolen_session_does_not_replace_the_password_nor_guess_it(somebody: AtADesk):
    csrf, statuses = await somebody.csrf(), []
    assert (await somebody.at.post("/account/password", json={"old": PASSWORD, "password": OTHER})).status_code == 403
    for guess in range(6):
        given = {"old": f"Guessed-number-{guess}!", "password": OTHER}
        statuses.append((await somebody.at.post("/account/password", json=given, headers=csrf)).status_code)
    assert set(statuses[:2]) == {401} and statuses[-1] == 429


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/account/contacts/email", {"value": "other@example.org"}),
        ("POST", "/account/identity", {"ticket": "of the thief's own identity"}),
        ("DELETE", "/sessions", None),
        ("DELETE", "/sessions/00000000-0000-0000-0000-000000000000", None),
    ],
)
async def test_what_a_thief_would_do_first_wants_a_recent_proof(
    somebody: AtADesk, database: Database, method: str, path: str, body: Any
):
    csrf = await somebody.csrf()
    await aged(database)
    answer = await somebody.at.request(method, path, json=body, headers=csrf)
    assert refused(answer) == (403, "login")
    assert "POST /session/proof" in answer.json()["issue"][0]["diagnostics"]


async def test_contact_details_change_with_the_password_typed_again(somebody: AtADesk):
    csrf, other = await somebody.csrf(), {"value": "other@example.org"}
    without = await somebody.at.put("/account/contacts/email", json=other, headers=csrf)
    assert refused(without) == (422, "required")
    wrong = await somebody.at.put("/account/contacts/email", json={**other, "password": OTHER}, headers=csrf)
    assert refused(wrong) == (401, "login")
    assert (await somebody.at.get("/account/contacts")).json()["email"]["pending"] is None
    right = await somebody.at.put("/account/contacts/email", json={**other, "password": PASSWORD}, headers=csrf)
    assert refused(right) == (503, "transient")  # nobody sends the code on this server
    assert (await somebody.at.get("/account/contacts")).json()["email"]["pending"] == "other@example.org"


async def test_a_text_that_cannot_be_kept_is_refused_and_no_defect(somebody: AtADesk, desk: httpx.AsyncClient):
    form = {**hidden(await somebody.at.get("/sign-in")), "username": "a\0b", "password": PASSWORD}
    assert (await somebody.at.post("/sign-in", data=form)).status_code == 400
    for query in ("after=%00", "count=000100999999999999999999"):
        assert (await desk.get(f"/accounts?{query}", headers=ADMINISTRATOR)).status_code == 400


async def test_nothing_is_kept_for_an_organisation_that_is_not_here(somebody: AtADesk, database: Database):
    form = {**hidden(await somebody.at.get("/sign-in")), "username": "camille", "password": PASSWORD, "tenant": "77"}
    assert (await somebody.at.post("/sign-in", data=form)).status_code == 404
    connection = await asyncpg.connect(database.superuser_url)
    kept = "SELECT (SELECT count(*) FROM ticket WHERE tenant = 77) + (SELECT count(*) FROM trace WHERE tenant = 77)"
    assert await connection.fetchval(kept) == 0
    await connection.close()


async def test_a_recent_proof_lets_the_others_be_ended(somebody: AtADesk, database: Database):
    await aged(database)
    proof = await somebody.at.post("/session/proof", json={"code": somebody.code()}, headers=await somebody.csrf())
    assert proof.status_code == 200
    assert (await somebody.at.delete("/sessions", headers=await somebody.csrf())).json() == {"ended": 0}


async def test_somebody_sees_their_sessions_and_ends_one_of_them(somebody: AtADesk, database: Database):
    await aged(database)
    elsewhere = AtADesk(somebody.at, somebody.username)
    elsewhere.secret = somebody.secret
    assert (await elsewhere.signs_in()).status_code == 200
    listed = (await elsewhere.at.get("/sessions")).json()["sessions"]
    assert [each["current"] for each in listed].count(True) == 1
    (other,) = (each["sid"] for each in listed if not each["current"])
    assert (await elsewhere.at.delete(f"/sessions/{other}", headers=await elsewhere.csrf())).status_code == 204
    assert (await somebody.is_in(), await elsewhere.is_in()) == (False, True)
    await elsewhere.at.aclose()


async def test_signing_in_again_ends_the_session_before(somebody: AtADesk, database: Database):
    await aged(database)
    before = dict(somebody.at.cookies)["__Host-session"]
    assert (await somebody.signs_in()).status_code == 200
    assert dict(somebody.at.cookies)["__Host-session"] != before
    async with httpx.AsyncClient(transport=somebody.at._transport, base_url="https://localhost") as thief:
        kept = await thief.get("/session", headers={"cookie": f"__Host-session={before}"})
    assert kept.status_code == 401


async def test_signing_out_has_the_browser_forget(somebody: AtADesk):
    csrf = (await somebody.csrf())["X-CSRF-Token"]
    answer = await somebody.at.post("/sign-out", data={"csrf": csrf})
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert not await somebody.is_in()


async def test_whoever_lost_their_application_begins_again_with_another_password(
    somebody: AtADesk, desk: httpx.AsyncClient
):
    own = (await somebody.at.get("/session")).json()["account"]
    path, reason = f"/accounts/{own}/second-factor-reset", {"reason": "téléphone perdu"}
    assert (await somebody.at.post(path, json=reason, headers=await somebody.csrf())).status_code == 403
    assert (await desk.post(path, json={}, headers=ADMINISTRATOR)).status_code == 422
    reset = (await desk.post(path, json=reason, headers=ADMINISTRATOR)).json()["reset"]
    assert not await somebody.is_in()
    assert (await somebody.signs_in(PASSWORD)).status_code == 401
    assert (await somebody.chooses(reset, OTHER)).status_code == 303
    before = somebody.secret
    assert (await somebody.signs_in(OTHER)).status_code == 200
    assert somebody.secret != before
