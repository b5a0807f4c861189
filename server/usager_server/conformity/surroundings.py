"""What stands around an installation in a scenario: a sandbox of its own, and a real Proxy e-santé between them."""

import asyncio
import json
import shlex
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from usager_server.conformity.errors import ConformityError
from usager_server.conformity.installation import Installation
from usager_server.conformity.own_server import environment_of, free_port, start_server, stop_server
from usager_server.sandbox.certificates import Certificates, issue_certificates
from usager_server.sandbox.controlling import StandInControl

START_SECONDS = 60.0
SANDBOX_SECONDS = 180.0  # the first time, npm brings the provider that plays Pro Santé Connect
LOOK_EVERY_SECONDS = 0.1
CALLER = "dui"
CONTROL = "Control API: "
TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


Caller = Callable[[str, ssl.SSLContext], httpx.AsyncClient]


@dataclass(frozen=True, slots=True)
class Api:
    """A national API behind the proxy besides INSi. Shape: exchanged when first called, or when somebody signs in."""

    name: str
    scope: str
    is_late: bool = False


class Surroundings:
    """The stand-ins, and the proxy between them and an installation, which calls INSi through it only.

    Shape   psc, insi and apis are the controls of the stand-ins. The proxy keeps its schema in the installation's
            database. With APIs it is as during the conformity campaign: its caller may read its traces.
    """

    def __init__(
        self, aside: Installation, sandbox: "OwnSandbox", orders: httpx.AsyncClient, apis: Sequence[Api] = ()
    ) -> None:
        self.psc, self.insi = StandInControl(orders, "psc"), StandInControl(orders, "insi")
        self.apis, self._wanted, self._apis_url = StandInControl(orders, "psc-apis"), apis, sandbox.urls["psc-apis"]
        self._aside, self._sandbox = aside, sandbox.settings
        folder = aside.folder / "certificates"
        folder.mkdir()
        self._certificates = issue_certificates(folder, [CALLER])
        self._port, self._file, self._log = free_port(), aside.folder / "proxy.toml", aside.folder / "proxy.log"
        self._process: subprocess.Popen[bytes] | None = None
        trusted = folder / "trusted.pem"
        authority = Path(self._sandbox["trusted_ca_file"])
        trusted.write_bytes(authority.read_bytes() + self._certificates.authority.read_bytes())
        aside.configure(
            **self._sandbox
            | {
                "profiles": "sans-certificat-ins",
                "trusted_ca_file": str(trusted),
                "national_proxy_url": f"https://localhost:{self._port}",
                "national_proxy_client_id": self._sandbox["psc_client_id"],
                "national_proxy_certificate_file": str(self._certificates.named[CALLER]),
            }
        )

    async def start(self) -> None:
        """Write the settings of the proxy, make its schema, and start it: the installation serves already."""
        key = await self._aside.typed("proxy", "key")
        (self._aside.folder / "proxy-keys").touch(mode=0o600)
        (self._aside.folder / "proxy-keys").write_text(key.said, encoding="ascii")
        self._file.write_text("".join(_toml(self._settings())), encoding="utf-8")
        made = await self._aside.typed("proxy", "migrate", "--file", str(self._file))
        if made.exit_code:
            raise ConformityError(f"the proxy has no schema: {made.said[-500:]}")
        await self._have_tokens_checked()
        await self.start_proxy()

    def caller(self, made: Caller) -> httpx.AsyncClient:
        """Return a client of the proxy that shows the certificate of the installation."""
        tls = ssl.create_default_context(cafile=self._certificates.authority)
        tls.load_cert_chain(self._certificates.named[CALLER])
        return made(f"https://localhost:{self._port}", tls)

    async def start_proxy(self) -> None:
        """Start the proxy, and wait until it answers."""
        self._process = start_server(environment_of({}), self._log, "proxy", "--file", str(self._file))
        context = ssl.create_default_context(cafile=self._certificates.authority)
        end = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=5) as client:
            while time.monotonic() < end and self._process.poll() is None:
                with suppress(httpx.TransportError):
                    if (await client.get(f"https://localhost:{self._port}/check/alive")).text == "OK":
                        return
                await asyncio.sleep(LOOK_EVERY_SECONDS)
        raise ConformityError(f"the proxy does not start: {self._log.read_text(errors='replace')[-500:]}")

    async def kill_proxy(self) -> None:
        """Have the proxy die at once (`kill -9`): what it had in memory is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await asyncio.to_thread(stop_server, process)

    async def rows(self) -> bytes:
        """Return every row of the database as text, bytes in hexadecimal."""
        connection = await asyncpg.connect(self._database("postgres"))
        try:
            tables = [row[0] for row in await connection.fetch(TABLES)]
            every = [f"SELECT t::text FROM ONLY {table} AS t" for table in tables]  # noqa: S608 - as the catalogue quotes
            found = [await connection.fetch(query) for query in every]
        finally:
            await connection.close()
        return "\n".join(row[0] for rows in found for row in rows).encode()

    def files(self) -> Mapping[str, bytes]:
        """Return every file of the installation, by its name in its folder: settings, logs, database, its journal."""
        found: dict[str, bytes] = {}
        for path in self._aside.folder.rglob("*"):
            with suppress(OSError):  # PostgreSQL makes and removes files meanwhile; a socket is none
                if path.is_file():
                    found[str(path.relative_to(self._aside.folder))] = path.read_bytes()
        return found

    @staticmethod
    def holds(content: bytes, secrets: Iterable[str]) -> bool:
        """Say whether a text or a file holds one of these secrets: as it is, in hexadecimal or in base64."""
        plain = [secret.encode() for secret in secrets]
        forms = [form for it in plain for form in (it, it.hex().encode(), b64encode(it).rstrip(b"="))]
        return any(form in content for form in forms)

    async def _have_tokens_checked(self) -> None:
        """Have the authorization servers of the APIs ask Pro Santé Connect whether each token is good."""
        sandbox = self._sandbox
        told = {
            "introspection": f"{sandbox['psc_issuer']}/protocol/openid-connect/token/introspect",
            "client_id": sandbox["psc_client_id"],
            "certificate": sandbox["psc_certificate_file"],
            "authority": sandbox["trusted_ca_file"],
        }
        await self.apis.seed({"psc": told})

    def _backends(self) -> dict[str, Any]:
        shared = {"trusted_ca_file": self._sandbox["trusted_ca_file"]}
        url = self._sandbox["insi_url"].removesuffix("/lps")
        found: dict[str, Any] = {}
        found["insi"] = {"base_url": f"{url}/api", "scopes": ["insi"], **_tokens(f"{url}/as"), **shared}
        for it in self._wanted:
            url = f"{self._apis_url}/{it.name}"
            late: dict[str, Any] = {"required": False, "exchange": "first-call"} if it.is_late else {}
            found[it.name] = {"base_url": f"{url}/api", "scopes": [it.scope], **_tokens(url), **shared, **late}
        return found

    def _database(self, user: str) -> str:
        """Return the address of the installation's database: the fifth line of PostgreSQL's file says where it is."""
        told = (self._aside.data / "postgres" / "cluster" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return f"postgresql://{user}@/usager?host={told[4]}"

    def _settings(self) -> dict[str, Any]:
        made, sandbox = self._certificates, self._sandbox
        campaign = {"conformity": {"enabled": True, "readers": [_digest(made)]}} if self._wanted else {}
        client = {"certificate_file": sandbox["psc_certificate_file"], "callers": [_digest(made)]}
        return {
            "database_url": self._database("usager_proxy"),
            "database_owner_url": self._database("postgres"),
            "key_file": str(self._aside.folder / "proxy-keys"),
            "listen": {
                "port": self._port,
                "certificate_file": str(made.server),
                "callers_ca_file": str(made.authority),
            },
            "psc": {"issuer": sandbox["psc_issuer"], "trusted_ca_file": sandbox["trusted_ca_file"]},
            "clients": {sandbox["psc_client_id"]: client},
            "backends": self._backends(),
            **campaign,
        }


class OwnSandbox:
    """`usager sandbox`, as an operator starts it.

    Shape   settings are those that it prints, without USAGER_; urls are those of the stand-ins, by name.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "sandbox.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, str] = {}
        self.urls: dict[str, str] = {}
        self.control_url = ""

    async def start(self) -> None:
        """Start it, and return once every stand-in answers. Errors: ConformityError."""
        self._process = start_server(environment_of({}), self._log, "sandbox", "--control-port", str(free_port()))
        end = time.monotonic() + SANDBOX_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            said = self._log.read_text(encoding="utf-8")
            if CONTROL in said:
                self.control_url = said.partition(CONTROL)[2].split()[0]
                printed = [line.partition("=") for line in said.splitlines() if line.startswith("USAGER_")]
                self.settings = {
                    name.removeprefix("USAGER_").lower(): shlex.split(value)[0] for name, _, value in printed
                }
                await self._look_around()
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        raise ConformityError(f"the sandbox does not start: {self._log.read_text(errors='replace')[-500:]}")

    async def _look_around(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            known = (await client.get(self.control_url)).json()["stand_ins"]
        self.urls = {it["name"]: it["url"] for it in known}

    async def stop(self) -> None:
        """Stop it, when it runs."""
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(stop_server, process)


@asynccontextmanager
async def surrounded(aside: Installation, apis: Sequence[Api] = ()) -> AsyncIterator[Surroundings]:
    """Yield what stands around an installation that is not started yet. Errors: ConformityError."""
    sandbox = OwnSandbox(aside.folder)
    try:
        await sandbox.start()
        async with httpx.AsyncClient(base_url=sandbox.control_url, timeout=20, trust_env=False) as orders:
            around = Surroundings(aside, sandbox, orders, apis)
            try:
                yield around
            finally:
                await around.kill_proxy()
    finally:
        await sandbox.stop()


def _tokens(url: str) -> dict[str, str]:
    return {"token_endpoint": f"{url}/token", "revocation_endpoint": f"{url}/revoke"}


def _digest(made: Certificates) -> str:
    pem = made.named[CALLER].read_text(encoding="ascii")
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    first = pem[begin : pem.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")]
    return f"sha256:{sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()}"


def _toml(table: Mapping[str, Any], name: str = "") -> Iterable[str]:
    """Yield the lines of a TOML file: its strings and lists are written as in JSON."""
    if name:
        yield f"[{name}]\n"
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{key} = {json.dumps(value)}\n"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _toml(value, f"{name}.{key}" if name else key)
