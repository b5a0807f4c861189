"""What is recorded of each act, and how /traces shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from usager_server.proxy.caller import Caller
from usager_server.proxy.session import Session

DESCRIPTION_LIMIT = 500


class TraceType(StrEnum):
    """The acts of the contract."""

    CONNECT_SUCCESS = "CONNECT_SUCCESS"
    CONNECT_REPLAY = "CONNECT_REPLAY"
    CONNECT_FAILURE = "CONNECT_FAILURE"
    SEND = "SEND"
    DISCONNECT = "DISCONNECT"


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent to an API. Shape: path below the API, without its query, which may name a person."""

    backend: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One act. Shape: caller None for an end by itself, whose reason says why; dn is the subject shown to the APIs."""

    type: TraceType
    at: datetime
    national_id: str
    caller: Caller | None
    session: Session | None = None
    dn: str = ""
    request: Request | None = None
    reason: str = ""

    @property
    def shown_at(self) -> datetime:
        """Return when it was, to the millisecond, as the body tells."""
        return self.at.replace(microsecond=self.at.microsecond // 1000 * 1000)

    def body(self) -> str:
        """Return the text that the chain vouches for: the members of the contract, and our reason."""
        return orjson.dumps(self._members(), option=orjson.OPT_SORT_KEYS).decode()

    def _members(self) -> Mapping[str, Any]:
        members: dict[str, Any] = {
            "type": self.type.value,
            "IdRPPS": self.national_id,
            "ipAddress": self.caller.address if self.caller else "",
            "ports": [self.caller.port] if self.caller and self.caller.port is not None else [],
            "timestamp": self.at.isoformat(timespec="milliseconds"),
        }
        if self.session is not None:
            members["clientId"] = self.session.client_id
            members["proxy_id_session"] = self.session.shown_id
            members["session_state"] = self.session.session_state
        if self.dn:
            members["dn"] = self.dn
        if self.request is not None:
            members["apiRequest"] = {
                "nomApiPsc": self.request.backend,
                "methode": self.request.method,
                "path": self.request.path,
            }
        if self.reason:
            members["reason"] = self.reason[:DESCRIPTION_LIMIT]
        return members


def shown(body: str) -> dict[str, Any]:
    """Return a recorded act as /traces shows it: without our reason, which is not in the contract."""
    members: dict[str, Any] = orjson.loads(body)
    members.pop("reason", None)
    return members
