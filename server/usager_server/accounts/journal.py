"""What is traced of the life of accounts, and the one function that traces it. Source: SC.SSI/IAM.91."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from usager_server.repository.running import Runner


class What(StrEnum):
    """The events in the life of an account."""

    CREATED = "account-created"
    ATTRIBUTE_CHANGED = "account-attribute-changed"
    RIGHTS_CHANGED = "account-rights-changed"
    STATE_CHANGED = "account-state-changed"
    LOCKED = "account-locked"
    UNLOCKED = "account-unlocked"
    SIGNED_IN = "sign-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SESSION_RENEWED = "session-renewed"
    SESSION_ENDED = "session-ended"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
    PASSWORD_REFUSED = "password-refused"  # noqa: S105
    PASSWORD_RESET_ASKED = "password-reset-asked"  # noqa: S105
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    CONTACT_PENDING = "contact-pending"
    CONTACT_VERIFIED = "contact-verified"
    CONTACT_REFUSED = "contact-refused"
    LINKED = "psc-linked"
    LINK_REFUSED = "psc-link-refused"
    UNLINKED = "psc-unlinked"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to an account, and from where.

    Shape   account and sid when it is somebody signed in; label otherwise ("usager accounts", the name of a bearer).
    """

    label: str
    account: uuid.UUID | None = None
    sid: uuid.UUID | None = None
    address: str | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an account.

    Shape   account None: a sign-in under a name that nobody has; details: attribute names and their values, for the
            protected trace, never for a log; never a password, a code or a token.
    """

    what: What
    account: uuid.UUID | None
    actor: Actor
    success: bool = True
    because: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Journal(Protocol):
    """Keeps what happened. Order: in the transaction of the act, so that neither is without the other."""

    async def record(self, runner: Runner, event: Event) -> None:
        """Keep one event. Errors: those of the database; then the act does not happen."""
        ...
