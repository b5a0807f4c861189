"""A stand-in: what plays a national service on this machine, as strictly as the service would."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol, runtime_checkable

START_SECONDS = 20.0
VERSION = re.compile(r"\d+")


class SandboxError(Exception):
    """The sandbox does not start, or does not go on; the text is for the operator, one line."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The stand-in of one national service; it runs as a process of its own, behind TLS on loopback.

    Shape   name is what the control API and the scenarios call it ("national-status"); title is French; service says
            where its class is ("usager_ph.viatrajectoire.sandbox:ViaTrajectoire"), which is made without arguments;
            settings maps each setting of the server that holds an address of the service to the path there
            ({"national_status_url": "/"}); values are settings that are not addresses; certificate_setting gets the
            file of a client certificate, which the stand-in then asks for; certificates likewise gives a setting one of
            another common name ({"insi_certificate_file": "INSI-MANU"}). needs: programs without which it is left out,
            with the least version that will do ("npm", "node 20"). start_seconds: what it may take the first time.
    """

    name: str
    title: str
    service: str
    settings: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    certificate_setting: str = ""
    certificates: Mapping[str, str] = field(default_factory=dict)
    needs: Sequence[str] = ()
    start_seconds: float = START_SECONDS

    @property
    def asks_certificate(self) -> bool:
        """Whether whoever calls it shows a certificate."""
        return bool(self.certificate_setting or self.certificates)


def lacking(stand_in: StandIn) -> list[str]:
    """Return what a stand-in needs and this machine has not, or has too old."""
    return [need for need in stand_in.needs if not _is_here(need)]


@cache
def _is_here(need: str) -> bool:
    name, _, least = need.partition(" ")
    path = shutil.which(name)
    if path is None or not least:
        return path is not None
    asked = [path, "--version"]  # of a program that a stand-in of ours or of a plugin names
    told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=START_SECONDS)  # noqa: S603
    found = VERSION.search(told.stdout)
    return found is not None and int(found[0]) >= int(least)


@dataclass(frozen=True, slots=True)
class Received:
    """One request that a service received.

    Shape   path and query as sent; header names in lower case; certificate: that of the client (DER), whose issuer was
            checked, None when it showed none.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    certificate: bytes | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answers. Shape: cookies are the values of Set-Cookie, the one header that comes many times."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


class Service(Protocol):
    """What the class of a stand-in is: strict as the real service, and told what to answer by the control API."""

    def reset(self) -> None:
        """Go back to the state it started in."""

    def seed(self, data: Any) -> None:
        """Take the data to answer with. Errors: ValueError, which says what would be right."""

    async def answer(self, request: Received) -> Answer:
        """Answer one request."""
        ...


@runtime_checkable
class Announcing(Protocol):
    """What a service is besides when it listens elsewhere too, and the server must be told where."""

    def settings(self) -> Mapping[str, str]:
        """Return settings of the server, by name; asked once started."""
        ...


@runtime_checkable
class Asked(Protocol):
    """What a service is besides when it can do something for a test, at its side of the wire: sign somebody in."""

    def ask(self, wanted: Any) -> Mapping[str, Any]:
        """Do it, and return what came of it. Errors: ValueError, which says what would be right."""
        ...


@runtime_checkable
class Started(Protocol):
    """What a service is besides when it must know its own address, or who calls it, before it answers."""

    async def start(self, url: str, client_subject: str) -> None:
        """Get ready. Shape: client_subject is the distinguished name in the certificate of the server to come."""
        ...

    async def stop(self) -> None:
        """Leave nothing running."""
        ...
