"""Pro Santé Connect as the sandbox plays it: a certified provider (npm), real TLS and client certificates."""

from collections.abc import Iterator
from functools import cache

import httpx
import pytest

from usager_server.national.psc.sandbox import stand_in
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import lacking


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """The sandbox with this one stand-in."""
    if missing := lacking(stand_in):
        pytest.skip(f"not here, or too old: {' and '.join(missing)}")
    with Sandbox([stand_in]) as sandbox:
        yield sandbox
    _control().close()


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox as it was at its start."""
    _control().post(f"{running_sandbox.control_url}/psc/reset").raise_for_status()
    return running_sandbox


@cache
def _control() -> httpx.Client:
    """Return one client for all orders: making one reads every authority, which takes longer than the order."""
    return httpx.Client(timeout=20, trust_env=False)


def order(sandbox: Sandbox, **seed: object) -> None:
    """Tell the stand-in something: people, acr, ciba, decide, logout."""
    answer = _control().put(f"{sandbox.control_url}/psc/seed", json=seed)
    assert answer.status_code == 204, answer.text


def received(sandbox: Sandbox, end: str) -> list[dict[str, str]]:
    """Return the requests that the stand-in got at paths with this end."""
    found = _control().get(f"{sandbox.control_url}/psc/received").json()["received"]
    return [it for it in found if it["path"].endswith(end)]


def fail(sandbox: Sandbox, times: int) -> None:
    """Have the provider answer 503 to the next requests."""
    fault = {"kind": "status", "status": 503, "times": times}
    _control().post(f"{sandbox.control_url}/psc/faults", json=fault).raise_for_status()
