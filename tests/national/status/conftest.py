"""The stand-in of the status page, and its control."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from usager_server.national.status.sandbox import stand_in
from usager_server.sandbox.controlling import StandInControl
from usager_server.sandbox.running import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with this stand-in."""
    with Sandbox([stand_in]) as sandbox:
        yield sandbox


@pytest.fixture
async def page(sandbox: Sandbox) -> AsyncIterator[StandInControl]:
    """The control of the page, everything forgotten first."""
    async with httpx.AsyncClient(base_url=sandbox.control_url) as client:
        control = StandInControl(client, stand_in.name)
        await control.reset()
        yield control
