"""A proxy on a database of its own, Pro Santé Connect and two APIs behind real mutual TLS, and callers of the proxy."""

import asyncio
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import trustme

from usager_server.national.proxy.sandbox import stand_in as apis
from usager_server.national.psc import sandbox as psc
from usager_server.proxy.app import create_proxy
from usager_server.proxy.caller import PEER_CERTIFICATE
from usager_server.proxy.house import Clock, House, build
from usager_server.proxy.migrating import migrate
from usager_server.proxy.settings import ProxySettings
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.sandbox.controlling import StandInControl
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import lacking

NATIONAL_ID = "819990000002"
BODY = {"nationalId": NATIONAL_ID, "bindingMessage": "42", "clientId": psc.CLIENT, "channel": "MOBILE"}
CALLER_SUBJECT = "CN=dui.example,OU=FINESS,O=trustme v1.2.1"


class MovedClock(Clock):
    """The time of this machine, moved on as a test wants; waiting is short."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.2))


@dataclass(frozen=True, slots=True)
class Places:
    """Certificates of a run: of the listener, of a caller, of a stranger who has one too."""

    folder: Path
    caller: bytes
    stranger: bytes


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Pro Santé Connect and the APIs, started once."""
    if missing := lacking(psc.stand_in):
        pytest.skip(f"not here, or too old: {' and '.join(missing)}")
    with Sandbox([psc.stand_in, apis]) as sandbox:
        yield sandbox


@pytest.fixture
async def orders(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """The control API; everything is as at the start."""
    async with httpx.AsyncClient(base_url=sandbox.control_url, timeout=20) as client:
        (await client.post("/reset")).raise_for_status()
        yield client


@pytest.fixture
async def psc_control(orders: httpx.AsyncClient) -> StandInControl:
    """The control of Pro Santé Connect."""
    return StandInControl(orders, "psc")


@pytest.fixture
async def api_control(orders: httpx.AsyncClient, sandbox: Sandbox) -> StandInControl:
    """The control of the APIs, whose authorization servers ask Pro Santé Connect about each token."""
    control = StandInControl(orders, "psc-apis")
    issuer = sandbox.settings["psc_issuer"]
    await control.seed(
        {
            "psc": {
                "introspection": f"{issuer}/protocol/openid-connect/token/introspect",
                "client_id": psc.CLIENT,
                "certificate": str(sandbox.client_file),
                "authority": str(sandbox.ca_file),
            }
        }
    )
    return control


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """The certificates, in a folder."""
    folder = tmp_path_factory.mktemp("proxy")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "callers-ca.pem"))
    server = authority.issue_cert("localhost", "127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    found = []
    for name in ("dui.example", "stranger.example"):
        made = authority.issue_cert(common_name=name, organization_unit_name="FINESS")
        made.private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}.pem"))
        found.append(ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode()))
    (folder / "keys").touch(mode=0o600)
    (folder / "keys").write_text("00" * 32 + "\n")
    return Places(folder, *found)


@pytest.fixture(scope="session")
async def proxy_template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema of the proxy, to be copied."""
    name = f"proxy_template_{uuid.uuid4().hex[:8]}"
    await ordered(postgres, f"CREATE DATABASE {name}")
    await migrate(postgres.url(database=name))
    return name


@pytest.fixture
async def proxy_database(postgres: EmbeddedPostgres, proxy_template: str) -> AsyncIterator[str]:
    """The name of a database of this test's own."""
    name = f"proxy_{uuid.uuid4().hex[:16]}"
    await ordered(postgres, f"CREATE DATABASE {name} TEMPLATE {proxy_template} STRATEGY FILE_COPY")
    yield name
    await ordered(postgres, f"DROP DATABASE {name} WITH (FORCE)")


async def ordered(postgres: EmbeddedPostgres, statement: str, database: str = "postgres") -> None:
    """Have the owner of everything do something."""
    connection = await asyncpg.connect(postgres.url(database=database))
    await connection.execute(statement)
    await connection.close()


def proxy_settings(
    sandbox: Sandbox,
    places: Places,
    postgres: EmbeddedPostgres,
    database: str,
    backends: dict[str, Any],
) -> dict[str, Any]:
    """Return the settings of a proxy before the stand-ins of a sandbox, as its file would hold them."""
    return {
        "database_url": postgres.url("usager_proxy", database),
        "database_owner_url": postgres.url(database=database),
        "key_file": str(places.folder / "keys"),
        "pool_size": 4,
        "listen": {
            "certificate_file": str(places.folder / "server.pem"),
            "callers_ca_file": str(places.folder / "callers-ca.pem"),
        },
        "psc": {"issuer": sandbox.settings["psc_issuer"], "trusted_ca_file": str(sandbox.ca_file)},
        "clients": {psc.CLIENT: {"certificate_file": str(sandbox.client_file), "callers": [CALLER_SUBJECT]}},
        "backends": {name: {"trusted_ca_file": str(sandbox.ca_file), **api} for name, api in backends.items()},
    }


@pytest.fixture
def given(sandbox: Sandbox, places: Places, postgres: EmbeddedPostgres, proxy_database: str) -> dict[str, Any]:
    """The settings of a proxy in front of two APIs."""
    url = next(it.url for it in sandbox.running if it.stand_in.name == "psc-apis")
    backends = {
        name: {
            "scopes": ["one"],
            "base_url": f"{url}/{name}/api",
            "token_endpoint": f"{url}/{name}/token",
            "revocation_endpoint": f"{url}/{name}/revoke",
        }
        for name in ("one", "two")
    }
    return proxy_settings(sandbox, places, postgres, proxy_database, backends)


@pytest.fixture
def clock() -> MovedClock:
    """The clock of the proxy."""
    return MovedClock()


@pytest.fixture
async def house(given: dict[str, Any], clock: MovedClock) -> AsyncIterator[House]:
    """The proxy of these settings, in this process."""
    house = build(ProxySettings(**given), clock)
    yield house
    await house.close()


def client_of(house: House, certificate: bytes | None, address: str = "192.0.2.7") -> httpx.AsyncClient:
    """Return a caller of a proxy that shows a certificate."""
    app = create_proxy(house)

    async def shown(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {PEER_CERTIFICATE: certificate}, receive, send)

    transport = httpx.ASGITransport(app=shown, client=(address, 4242))
    return httpx.AsyncClient(transport=transport, base_url="https://proxy.example")


@pytest.fixture
async def caller(
    house: House, places: Places, psc_control: StandInControl, api_control: StandInControl
) -> AsyncIterator[httpx.AsyncClient]:
    """The software that may call."""
    async with client_of(house, places.caller) as client:
        yield client


async def connected(caller: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Return what opening a session answers."""
    answer = await caller.post("/connect", json=BODY | changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def traced(house: House) -> list[dict[str, Any]]:
    """Return every trace, oldest first."""
    async with house.database.connection() as connection:
        found = await connection.fetch("SELECT body FROM proxy.trace ORDER BY number")
    return [json.loads(row["body"]) for row in found]


async def rows(house: House, table: str) -> int:
    """Return how many rows a table of the proxy has."""
    async with house.database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM proxy.{table}"))  # noqa: S608


async def until(is_so: Callable[[], Awaitable[Any]], seconds: float = 10) -> None:
    """Wait until something is so. Errors: TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - it is in a database, which tells nobody
            await asyncio.sleep(0.05)


async def received(control: StandInControl, end: str) -> list[dict[str, Any]]:
    """Return the requests that a stand-in got at paths with this end."""
    return [it for it in await control.received() if it["path"].endswith(end)]
