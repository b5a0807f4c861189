"""A server under USAGER_AUTH=smart on real sockets, with a sign-in of the tests in the place of people's."""

import asyncio
import re
import socket
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import uvicorn

from tests.authorization.applications import ORIGIN
from tests.authorization.people import People
from usager_server.app import create_app
from usager_server.authorization.clients import Client
from usager_server.authorization.store import PostgresMemory
from usager_server.http.server import BoundedProtocol, Server
from usager_server.repository.connections import Connections
from usager_server.repository.running import Runner
from usager_server.settings import Settings

QUESTION = re.compile(r'name="request" value="([^"]+)"')


class SmartServer:
    """The server in a thread; `people` says who is signed in."""

    def __init__(self, database_url: str, folder: Path, keys: Path, **settings: Any) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.root = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.base = f"{self.root}/fhir"
        self.people = People()
        self.settings = Settings(
            auth="smart",
            base_url=self.base,
            database_url=database_url,
            data_dir=folder,
            signing_keys_file=keys,
            log_level="warning",
            **settings,
        )
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "SmartServer":
        self._thread.start()
        if not self._started.wait(60):
            raise RuntimeError("the server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self.listening.close()

    def _serve(self) -> None:
        config = uvicorn.Config(
            create_app(self.settings, self.people),
            interface="asgi3",
            http=BoundedProtocol,
            ws="none",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
        )
        self._server = Server(config, self._started.set)
        asyncio.run(self._server.serve([self.listening]))


async def register(database_url: str, client: Client) -> Client:
    """Store a client."""
    connections = Connections(database_url, size=1)
    try:
        await PostgresMemory(Runner(connections, int(client.id.partition("-")[0]))).add_client(client, ORIGIN)
    finally:
        await connections.close()
    return client


def decided(address: str, cookie: str, back: str, **answers: str) -> str:
    """Go to an address as the browser of somebody signed in, answer yes, and return the address it is sent back to."""
    with httpx.Client(headers={"cookie": cookie}) as browser:
        page = browser.get(address)
        for _ in range(5):
            if page.status_code in (302, 303):
                location = urljoin(str(page.url), page.headers["location"])
                if location.startswith(back):
                    return location
                page = browser.get(location)
                continue
            found = QUESTION.search(page.text)
            assert found, page.text
            form: MutableMapping[str, str] = {"request": found[1], "answer": "allow", **answers}
            page = browser.post(urljoin(str(page.url), "/oauth/decision"), data=form)
    raise AssertionError(f"nobody was sent back to {back}")
