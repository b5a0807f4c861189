"""An operator of MSSanté that runs, its control, and the files of those who come to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from usager_server.national.mssante.operator import Operator, operator
from usager_server.national.mssante.sandbox import stand_in
from usager_server.sandbox.controlling import StandInControl
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import lacking
from usager_server.settings import Settings


@pytest.fixture(scope="session")
def mssante_sandbox() -> Iterator[Sandbox]:
    """A sandbox with this stand-in."""
    if missing := lacking(stand_in):
        pytest.skip(f"not here: {' and '.join(missing)}")
    with Sandbox([stand_in]) as sandbox:
        yield sandbox


@pytest.fixture
async def mssante(mssante_sandbox: Sandbox) -> AsyncIterator[StandInControl]:
    """The control of the stand-in, everything forgotten first."""
    async with httpx.AsyncClient(base_url=mssante_sandbox.control_url) as client:
        control = StandInControl(client, stand_in.name)
        await control.reset()
        yield control


@pytest.fixture
def settings_of(mssante_sandbox: Sandbox) -> Callable[[str], Settings]:
    """Return the settings of a software that has a certificate of this kind."""
    own = Path(mssante_sandbox.settings["mssante_certificate_file"])

    def made(kind: str, **changes: str) -> Settings:
        file = own.with_name(own.name.replace("range", kind))
        return Settings(**{**mssante_sandbox.settings, "mssante_certificate_file": file, **changes})

    return made


@pytest.fixture
def operator_of(settings_of: Callable[..., Settings]) -> Callable[..., Operator]:
    """Return the operator as a software with a certificate of this kind comes to it."""
    return lambda kind, **changes: operator(settings_of(kind, **changes))
