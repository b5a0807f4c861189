"""What is traced of the life of accounts. Source: SC.SSI/IAM.91."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from usager_server.repository.running import Runner
from usager_server.repository.tracing import record
from usager_server.requirements import fulfils
from usager_server.traces import event as traced


class What(StrEnum):
    """The events in the life of an account."""

    CREATED = "account-created"
    ATTRIBUTE_CHANGED = "account-attribute-changed"
    RIGHT_GRANTED = "right-granted"
    RIGHT_REMOVED = "right-removed"
    STATE_CHANGED = "account-state-changed"
    EMERGENCY = "emergency-account-switched-on"
    LOCKED = "account-locked"
    UNLOCKED = "account-unlocked"
    SIGNED_IN = "sign-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SESSION_RENEWED = "session-renewed"
    SESSION_ENDED = "session-ended"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
    PASSWORD_REFUSED = "password-refused"  # noqa: S105 - so is this
    PASSWORD_RESET_ASKED = "password-reset-asked"  # noqa: S105 - and this
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


KINDS = {
    What.CREATED: "account-created",
    What.ATTRIBUTE_CHANGED: "account-changed",
    What.RIGHT_GRANTED: "right-granted",
    What.RIGHT_REMOVED: "right-removed",
    What.STATE_CHANGED: "account-state-changed",
    What.EMERGENCY: "emergency-account",
    What.LOCKED: "account-locked",
    What.UNLOCKED: "account-unlocked",
    What.SIGNED_IN: "sign-in",
    What.SIGN_IN_REFUSED: "sign-in",
    What.SESSION_RENEWED: "sign-in",
    What.SESSION_ENDED: "sign-out",
    What.PASSWORD_CHANGED: "password-changed",
    What.PASSWORD_REFUSED: "password-changed",
    What.PASSWORD_RESET_ASKED: "password-reset",
    What.FACTOR_ADDED: "factor-changed",
    What.FACTOR_REMOVED: "factor-changed",
    What.CONTACT_PENDING: "contact-verification",
    What.CONTACT_VERIFIED: "contact-verification",
    What.CONTACT_REFUSED: "contact-verification",
    What.LINKED: "account-linked",
    What.LINK_REFUSED: "account-linked",
    What.UNLINKED: "account-unlinked",
}


class Journal:
    """Keeps what happened among the traces of the tenant.

    Order   in the transaction of the act, so that neither is without the other.
    Errors  those of the database; then the act does not happen.
    """

    @fulfils("SC.SSI/IAM.91")
    async def record(self, runner: Runner, event: Event) -> None:
        """Keep one event."""
        await record(runner, [trace_of(event)])


def trace_of(event: Event) -> traced.Event:
    """Return an event of an account as the traces keep it."""
    actor = event.actor
    because = {"because": event.because} if event.because else {}
    return traced.Event(
        KINDS[event.what],
        traced.Origin(
            actor.label,
            session=str(actor.sid) if actor.sid else "",
            address=actor.address or "",
            request_id=actor.request_id,
        ),
        traced.SUCCESS if event.success else traced.REFUSED,
        type="account",
        id=str(event.account) if event.account else "",
        detail={"act": event.what.value, **because, **event.details},
    )
