"""How wrong passwords slow an account down, then lock it; pure. Source: security.md 3; RIE v1, 25."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from usager_server.accounts.account import Kind
from usager_server.requirements import fulfils

FIRST_DELAYED = 3
LONG_DELAY = timedelta(seconds=61)
LONG_FROM = 5
LOCKED_AT = {Kind.BUSINESS: 10, Kind.EMERGENCY: 10, Kind.PRIVILEGED: 5}
LOCKED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Tries:
    """How an account stands with wrong passwords. Shape: as in `Account`; a name that nobody has stands likewise."""

    failures: int = 0
    delayed_until: datetime | None = None
    locked: bool = False
    locked_until: datetime | None = None

    @property
    def waits_for_somebody(self) -> bool:
        """Whether it stays locked until an administrator unlocks it."""
        return self.locked and self.locked_until is None

    def waits(self, now: datetime) -> float:
        """Return how many seconds must pass before the next try; infinite when somebody must unlock it."""
        return float("inf") if self.waits_for_somebody else self.slowed(now)

    def slowed(self, now: datetime) -> float:
        """Return how many seconds must pass before a stranger may try again: the same whoever has the name."""
        ends = [it for it in (self.delayed_until, self.locked_until if self.locked else None) if it is not None]
        return max((end - now).total_seconds() for end in ends) if ends else 0.0


@fulfils("SC.SSI/IAM.92")
def after_failure(tries: Tries, kind: Kind, now: datetime) -> Tries:
    """Return how the account stands after one more wrong password.

    Order   1, 2, … s from the third; over a minute from the fifth; 15 min from the tenth, whatever the kind, so that
            who has no password learns nothing of it. One that administers is locked besides, from the fifth, until
            another administrator unlocks it.
    """
    failures = tries.failures + 1
    delayed_until = None if (delay := _delay(failures)) is None else now + delay
    if tries.waits_for_somebody or (kind is Kind.PRIVILEGED and failures >= LOCKED_AT[kind]):
        return Tries(failures, delayed_until, True, None)
    if failures >= LOCKED_AT[kind]:
        return Tries(failures, None, True, delayed_until)
    return Tries(failures, delayed_until)


def _delay(failures: int) -> timedelta | None:
    if failures >= LOCKED_AT[Kind.BUSINESS]:
        return LOCKED_FOR
    if failures >= LONG_FROM:
        return LONG_DELAY
    return timedelta(seconds=2 ** (failures - FIRST_DELAYED)) if failures >= FIRST_DELAYED else None


def without_one(before: Tries, now: Tries) -> Tries:
    """Return how the account stands once a try that was counted turns out right: as before it.

    Order   what others tried meanwhile stays counted, and what somebody cleared meanwhile stays clear: whoever knows
            the password may not wash away the codes that they guess at the same time.
    """
    if now.failures == before.failures + 1:
        return before
    return replace(now, failures=now.failures - 1) if now.failures > before.failures else now
