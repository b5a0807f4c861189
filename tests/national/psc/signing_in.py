"""Somebody at a browser, a server and Pro Santé Connect: the three that a sign-in needs."""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.private_files import private_file
from usager_server.app import create_app
from usager_server.sandbox.running import Sandbox
from usager_server.settings import Settings
from usager_server.testing import client_of

TOKEN = "0123456789abcdef" * 4
ADMINISTRATOR = {"Authorization": f"Bearer {TOKEN}"}
DOCTOR, NURSE, NEWCOMER = "819990000002", "819990000010", "5640000003/42"
RPPS = {DOCTOR: "19990000002", NURSE: "19990000010"}


class Person:
    """Somebody at a browser. Shape: at: the client of our server, whose cookies are theirs."""

    def __init__(self, at: httpx.AsyncClient, elsewhere: httpx.AsyncClient) -> None:
        self.at = at
        self.elsewhere = elsewhere

    async def sent(self, back: str = "/session", **more: str) -> str:
        """Click on the button; return where the browser is sent."""
        answer = await self.at.get("/sign-in/psc", params={"return": back, **more})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def answered(self, address: str, login: str) -> str:
        """Sign in at the provider as somebody, or refuse with an empty login; return the address of the way back."""
        answer = await self.elsewhere.get(address)
        while "/sign-in/psc/callback" not in answer.headers["location"]:
            answer = await self.elsewhere.get(answer.url.join(answer.headers["location"]))
            if answer.status_code == 200:  # the page that asks who is there, when the provider does not know yet
                answer = await self.elsewhere.post(answer.url, data={"login": login})
        return answer.headers["location"]

    async def signs_in(self, login: str, back: str = "/session", **more: str) -> httpx.Response:
        """Sign in from end to end; return what our server says to who comes back."""
        return await self.at.get(await self.answered(await self.sent(back, **more), login))

    async def session(self) -> dict[str, Any] | None:
        """Return the session that the cookie opens, or None."""
        answer = await self.at.get("/session")
        return answer.json() if answer.status_code == 200 else None


@asynccontextmanager
async def served(
    sandbox: Sandbox, database_url: str, folder: Path, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve with this provider on a test's database; the client has the cookies of nobody."""
    tokens = private_file(folder / "tokens", f"{TOKEN} 1 administrator\n{TOKEN[::-1]} 2 other\n")
    chosen = Settings(
        database_url=database_url,
        data_dir=folder,
        auth="token",
        token_file=tokens,
        log_level="debug",
        refusals_per_minute=1_000_000,
        **{**sandbox.settings, **settings},
    )
    async with client_of(create_app(chosen), "https://localhost") as client:
        yield client


@asynccontextmanager
async def somebody(client: httpx.AsyncClient, sandbox: Sandbox) -> AsyncIterator[Person]:
    """Sit somebody at a browser of their own."""
    trusted = ssl.create_default_context(cafile=str(sandbox.ca_file))
    async with (
        httpx.AsyncClient(transport=client._transport, base_url="https://localhost") as at,
        httpx.AsyncClient(verify=trusted) as elsewhere,
    ):
        yield Person(at, elsewhere)


async def account_of(client: httpx.AsyncClient, login: str, **attributes: Any) -> dict[str, Any]:
    """Make the account of somebody, declared by its RPPS; return it."""
    given = {"family": "Bertin", "given": "Alix", "username": f"user-{login[-5:]}", "rpps": RPPS[login], **attributes}
    answer = await client.post("/accounts", json=given, headers=ADMINISTRATOR)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def hidden(page: str, name: str) -> str:
    """Return a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]
