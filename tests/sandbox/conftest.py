"""A sandbox with two stand-ins for all the tests of the frame, and the clients that speak to it."""

import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.sandbox.echo import echo, other
from usager_server.sandbox.controlling import StandInControl
from usager_server.sandbox.running import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Two stand-ins that run."""
    with Sandbox([echo, other]) as sandbox:
        yield sandbox


@pytest.fixture
async def orders(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the control API; everything is reset first."""
    async with httpx.AsyncClient(base_url=sandbox.control_url) as client:
        (await client.post("/reset")).raise_for_status()
        yield client


@pytest.fixture
def control(orders: httpx.AsyncClient) -> StandInControl:
    """The control of the stand-in echo."""
    return StandInControl(orders, "echo")


@pytest.fixture
async def service(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the stand-in echo over TLS, which trusts the throw-away authority alone."""
    trusted = ssl.create_default_context(cafile=str(sandbox.ca_file))
    async with httpx.AsyncClient(base_url=sandbox.settings["echo_url"], verify=trusted, timeout=10) as client:
        yield client
