"""An account: what it is, the states it goes through, and what each kind of account may do."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from usager_server.errors import Conflict

EMERGENCY_HOURS = 24


class Kind(StrEnum):
    """What an account is for. Source: security.md 3; SC.SSI/IAM.92."""

    BUSINESS = "business"
    PRIVILEGED = "privileged"
    EMERGENCY = "emergency"


class State(StrEnum):
    """Where an account stands in its life; locked is on top of active, and goes away by itself or by a person."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DISABLED = "disabled"


class Link(StrEnum):
    """Whether an account is attached to an identity at Pro Santé Connect. Source: psc.md 7.4."""

    UNLINKED = "unlinked"
    DECLARED = "declared"
    LINKED = "linked"


MOVES = {
    (State.PENDING, State.ACTIVE),
    (State.ACTIVE, State.SUSPENDED),
    (State.SUSPENDED, State.ACTIVE),
    (State.PENDING, State.DISABLED),
    (State.ACTIVE, State.DISABLED),
    (State.SUSPENDED, State.DISABLED),
}


@dataclass(frozen=True, slots=True)
class Account:
    """One account of one tenant.

    Shape   until: when it ends by itself (always set while an emergency account is on); locked without locked_until:
            until an administrator unlocks it; structures None: all those of the tenant; rpps_checked: when a directory
            confirmed the RPPS, None when only its form was checked.
    """

    tenant: int
    id: uuid.UUID
    username: str
    kind: Kind
    state: State
    family: str
    given: str
    created: datetime
    until: datetime | None = None
    failures: int = 0
    delayed_until: datetime | None = None
    locked: bool = False
    locked_until: datetime | None = None
    psc: Link = Link.UNLINKED
    rpps: str | None = None
    rpps_checked: datetime | None = None
    profession: str | None = None
    specialty: str | None = None
    mssante: str | None = None
    practitioner: str | None = None
    roles: tuple[str, ...] = field(default=())
    structures: tuple[str, ...] | None = None

    @property
    def is_privileged(self) -> bool:
        """Tell whether it administers, and therefore does no clinical work."""
        return self.kind is Kind.PRIVILEGED

    @property
    def may_have_clinical_scopes(self) -> bool:
        """Tell whether clinical scopes may be granted: never to who administers (SC.SSI/IAM.92)."""
        return not self.is_privileged

    def is_locked(self, now: datetime) -> bool:
        """Tell whether too many wrong passwords keep it closed."""
        return self.locked and (self.locked_until is None or self.locked_until > now)

    def has_ended(self, now: datetime) -> bool:
        """Tell whether the time for which it was made is over."""
        return self.until is not None and self.until <= now

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether an open session may go on: a lock alone does not throw out who is at work."""
        return self.state is State.ACTIVE and not self.has_ended(now)


def moved(account: Account, state: State) -> State:
    """Return the new state. Errors: Conflict (409) when an account does not go from its state to that one."""
    if (account.state, state) not in MOVES:
        raise Conflict(f"An account that is {account.state} cannot become {state}")
    return state


def emergency_end(now: datetime, hours: int) -> datetime:
    """Return when an emergency account ends. Errors: Conflict (409) when that is not within EMERGENCY_HOURS."""
    if not 0 < hours <= EMERGENCY_HOURS:
        raise Conflict(f"An emergency account is switched on for 1 to {EMERGENCY_HOURS} hours")
    return now + timedelta(hours=hours)
