"""A client that hangs up while its request is at work."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from usager_server.http import routes
from usager_server.http.context import Everyone
from usager_server.http.routes import FHIRDoor
from usager_server.interactions.session import House

SCOPE = {
    "type": "http",
    "method": "GET",
    "query_string": b"",
    "scheme": "http",
    "headers": [(b"host", b"test.example")],
}


class Client:
    """Sends a request without body, and hangs up when told."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        self.began = False

    async def receive(self) -> dict[str, Any]:
        if not self.began:
            self.began = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


class Slow:
    """A repository whose searches never end, which says when one was stopped."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    async def exists(self) -> bool:
        return True

    async def search(self, _query: Any) -> Any:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.stopped.set()
            raise


async def test_a_request_is_stopped_when_its_client_hangs_up(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(routes, "WATCH_AFTER_SECONDS", 0.01)
    client, slow = Client(), Slow()
    door = FHIRDoor(replace(house, repository=lambda _tenant, _act: slow), Everyone())
    at_work = asyncio.create_task(door({**SCOPE, "path": "/fhir/Patient"}, client.receive, client.send))
    await asyncio.sleep(0.05)
    client.gone.set()
    await asyncio.wait_for(at_work, 1)
    assert slow.stopped.is_set()
    assert client.sent == []


async def test_a_server_that_stops_is_no_client_that_hangs_up(house: House):
    client, slow = Client(), Slow()
    door = FHIRDoor(replace(house, repository=lambda _tenant, _act: slow), Everyone())
    at_work = asyncio.create_task(door({**SCOPE, "path": "/fhir/Patient"}, client.receive, client.send))
    await asyncio.sleep(0.01)
    at_work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await at_work
