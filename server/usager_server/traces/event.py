"""What is recorded of one act: what was done, by whom, from where, about what, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

SUCCESS: Final = 0
REFUSED: Final = 4
FAILED: Final = 8
BROKEN: Final = 12


class Origin(NamedTuple):
    """Who acts, and from where.

    Shape   subject imputes the act: "Practitioner/…" or the name of an account or client; nobody known: "anonymous".
            client is the id of the software that called, session that of the sign-in, address the network address,
            request_id what the log and X-Request-Id name the request by; organization the id of the structure for which
            the person works, when it is one. "" what is not known.
    """

    subject: str
    client: str = ""
    session: str = ""
    address: str = ""
    request_id: str = ""
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One act, ready to be recorded.

    Shape   kind is a key of `kinds.KINDS`. outcome is that of AuditEvent: SUCCESS, REFUSED (the caller must change
            something), FAILED (we could not), BROKEN. type, id, version: the resource or the account acted on. patients
            are the ids of the Patients concerned; query what a search asked; found how many entries were shown. detail
            holds what is left, by name.
    Rule    no clinical content, no token, no password, no body of a message: neither in query nor in detail.
    """

    kind: str
    origin: Origin
    outcome: int = SUCCESS
    type: str = ""
    id: str = ""
    version: int | None = None
    patients: tuple[str, ...] = ()
    query: str = ""
    found: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
