"""Dovecot as an operator runs it, behind a relay that counts who comes and chooses which certificate is shown."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from grp import getgrgid
from pathlib import Path
from pwd import getpwuid
from typing import Any

from usager_server.national.mssante.stand_in.certificates import SOFTWARE_NAME, made_in
from usager_server.sandbox.stand_in import SandboxError

DOVECOT = "/usr/sbin/dovecot"
PROTOCOLS = {"imap": b"* OK", "smtp": b"220"}
READY_SECONDS, LOOK_EVERY_SECONDS = 10.0, 0.05
READ_BYTES = 65_536
NOBODY = 65_534
PATH_CHARACTERS, SHORT = 40, "/tmp"  # noqa: S108 - the folder in it has a name that nobody guesses, and is ours
# Dovecot ends, and its folder goes, when the standard input closes: with this process, however it dies.
LEASH = '"$1" -F -c "$2/dovecot.conf" & read -r _; kill $!; wait $!; rm -rf "$2"'
SHOWN = re.compile(rf"Received (valid|invalid) SSL certificate: .*CN={re.escape(SOFTWARE_NAME)}(?:$| \()", re.MULTILINE)

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = {addresses}
protocols = imap submission
ssl = required
ssl_min_protocol = TLSv1.2
ssl_ca = <{authorities}
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = yes
verbose_ssl = yes
auth_mechanisms = oauthbearer xoauth2
submission_relay_host = 127.0.0.1
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={folder}/mail/%Lu
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service submission-login {{
  inet_listener submission {{
    port = {smtp}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
"""
SHOWS = """
local {address} {{
  ssl_cert = <{file}
  ssl_key = <{file}
}}
"""
DEFAULT_CERTIFICATE = "ssl_cert = <{file}\nssl_key = <{file}\n"
# As whoever runs the tests: Dovecot drops no right that it does not have.
ROOTLESS = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service submission-login {{
  chroot =
}}
"""
# Nobody signs in yet: a token would be a JWT signed by a key of this folder, which is empty.
OAUTH2 = "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/keys/\n"


class Operator:
    """The servers. Shape: addresses are those of the relay, by protocol; shows: which kind of certificate is shown."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="usager-mssante-", dir=_base()))
        self._folder.chmod(0o755)  # the processes of Dovecot that have no rights go through it
        self.certificates = made_in(self._folder)
        self._places = {kind: f"127.0.0.{number}" for number, kind in enumerate(self.certificates.operator, 1)}
        self.addresses: Mapping[str, str] = {}
        self.shows = "range"
        self._ports: Mapping[str, int] = {}
        self._relays: list[asyncio.Server] = []
        self._came: Counter[str] = Counter()
        self._read_until = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start Dovecot, then the relay. Errors: SandboxError."""
        self._ports = {protocol: _free_port() for protocol in PROTOCOLS}
        (self._folder / "keys").mkdir()
        (self._folder / "oauth2.conf").write_text(OAUTH2.format(folder=self._folder), encoding="utf-8")
        (self._folder / "dovecot.conf").write_text(self._configuration(), encoding="utf-8")
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", LEASH, "sh", DOVECOT, str(self._folder), stdin=subprocess.PIPE, stdout=2
        )
        try:
            async with asyncio.timeout(READY_SECONDS):
                for protocol in PROTOCOLS:
                    while not await self._greets(protocol):  # noqa: ASYNC110 - it tells nobody that it is ready
                        await asyncio.sleep(LOOK_EVERY_SECONDS)
        except TimeoutError as error:
            raise SandboxError(f"Dovecot does not start: {self._log()[-500:] or 'it says nothing'}") from error
        self._relays = [await self._relay(protocol) for protocol in PROTOCOLS]
        self.addresses = {
            protocol: f"localhost:{it.sockets[0].getsockname()[1]}"
            for protocol, it in zip(PROTOCOLS, self._relays, strict=True)
        }

    async def stop(self) -> None:
        """Stop both, and remove the folder."""
        for relay in self._relays:
            relay.close()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def reset(self) -> None:
        """Forget who came."""
        self.shows = "range"
        self._came.clear()
        self._read_until = len(self._log())

    def seen(self) -> dict[str, Any]:
        """Return how many connections came, by protocol, and whether Dovecot took each certificate of the software."""
        shown = [found[1] == "valid" for found in SHOWN.finditer(self._log()[self._read_until :])]
        return {"connections": {protocol: self._came[protocol] for protocol in PROTOCOLS}, "taken": shown}

    async def _relay(self, protocol: str) -> asyncio.Server:
        async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._came[protocol] += 1
            back, there = await asyncio.open_connection(self._places[self.shows], self._ports[protocol])
            await asyncio.gather(_carry(reader, there), _carry(back, writer))

        return await asyncio.start_server(carried, "127.0.0.1", 0)

    async def _greets(self, protocol: str) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._ports[protocol])
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(PROTOCOLS[protocol])
        finally:
            writer.close()

    def _configuration(self) -> str:
        uid, made = os.getuid(), self.certificates
        default, *others = self._places.items()
        text = CONFIGURATION.format(
            folder=self._folder,
            addresses=", ".join(self._places.values()),
            authorities=made.authorities,
            uid=uid or NOBODY,
            **self._ports,
        )
        text += DEFAULT_CERTIFICATE.format(file=made.operator[default[0]])
        text += "".join(SHOWS.format(address=address, file=made.operator[kind]) for kind, address in others)
        if uid:
            text += ROOTLESS.format(user=getpwuid(uid).pw_name, group=getgrgid(os.getgid()).gr_name)
        return text

    def _log(self) -> str:
        path = self._folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # one end left: so does the other
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


def _base() -> str:
    """Return where the folder is made: Dovecot listens on sockets in it, whose paths have 107 bytes at most."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= PATH_CHARACTERS else SHORT


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
