"""The stand-in of INSi behind mutual TLS, its control, and the teleservice that calls it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from usager_server.national.insi.sandbox import stand_in
from usager_server.national.insi.teleservice import Teleservice
from usager_server.sandbox.controlling import StandInControl
from usager_server.sandbox.running import Sandbox
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What a test asks the stand-in."""

    control: StandInControl

    async def counts(self, operation: str) -> dict[str, int]:
        """Return how many calls of an operation there were, by whom they were about."""
        found: dict[str, dict[str, int]] = await self.control.ask({"counts": True})
        return found.get(operation, {})


@pytest.fixture(scope="session")
def insi_sandbox() -> Iterator[Sandbox]:
    """A sandbox with this stand-in."""
    with Sandbox([stand_in]) as sandbox:
        yield sandbox


@pytest.fixture
async def insi(insi_sandbox: Sandbox) -> AsyncIterator[StandInControl]:
    """The control of the stand-in, everything forgotten first."""
    async with httpx.AsyncClient(base_url=insi_sandbox.control_url) as client:
        control = StandInControl(client, stand_in.name)
        await control.reset()
        yield control


@pytest.fixture
def asked(insi: StandInControl) -> Asked:
    """What the stand-in counted."""
    return Asked(insi)


@pytest.fixture
def insi_settings(insi_sandbox: Sandbox) -> dict[str, Any]:
    """The settings that lead to the stand-in."""
    return dict(insi_sandbox.settings)


@pytest.fixture
def teleservice(insi: StandInControl, insi_settings: dict[str, Any]) -> Teleservice:
    """INSi as these settings lead to it."""
    return Teleservice(Settings(**insi_settings))
