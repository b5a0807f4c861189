"""A stand-in: what plays a national service on this machine, as strictly as the service would."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol


class SandboxError(Exception):
    """The sandbox does not start, or does not go on; the text is for the operator, one line."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The stand-in of one national service; it runs as a process of its own, behind TLS on loopback.

    Shape   name is what the control API and the scenarios call it ("national-status"); title is French; service says
            where its class is ("usager_ph.viatrajectoire.sandbox:ViaTrajectoire"), which is made without arguments;
            settings maps each setting of the server that holds an address of the service to the path there
            ({"national_status_url": "/"}).
    """

    name: str
    title: str
    service: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """One request that a service received. Shape: path and query as sent; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Service(Protocol):
    """What the class of a stand-in is: strict as the real service, and told what to answer by the control API."""

    def reset(self) -> None:
        """Go back to the state it started in."""

    def seed(self, data: Any) -> None:
        """Take the data to answer with. Errors: ValueError, which says what would be right."""

    async def answer(self, request: Received) -> Answer:
        """Answer one request."""
        ...
