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
    """How an account stands with wrong passwords. Shape: as in `Account`."""

    failures: int = 0
    delayed_until: datetime | None = None
    locked: bool = False
    locked_until: datetime | None = None

    def waits(self, now: datetime) -> float:
        """Return how many seconds must pass before the next try; infinite when somebody must unlock it."""
        if self.locked and self.locked_until is None:
            return float("inf")
        ends = [it for it in (self.delayed_until, self.locked_until if self.locked else None) if it is not None]
        return max((end - now).total_seconds() for end in ends) if ends else 0.0


@fulfils("SC.SSI/IAM.92")
def after_failure(tries: Tries, kind: Kind, now: datetime) -> Tries:
    """Return how the account stands after one more wrong password.

    Order   1, 2, … s from the third; over a minute from the fifth; then locked: for 15 min, or, when it administers,
            until another administrator unlocks it.
    """
    failures = tries.failures + 1
    if failures >= LOCKED_AT[kind]:
        until = None if kind is Kind.PRIVILEGED else now + LOCKED_FOR
        return Tries(failures, None, True, until)
    if failures >= LONG_FROM:
        return Tries(failures, now + LONG_DELAY)
    if failures >= FIRST_DELAYED:
        return Tries(failures, now + timedelta(seconds=2 ** (failures - FIRST_DELAYED)))
    return Tries(failures)


def without_one(before: Tries, now: Tries) -> Tries:
    """Return how the account stands once a try that was counted turns out right: as before it.

    Order   what others tried meanwhile stays counted, and what somebody cleared meanwhile stays clear: whoever knows
            the password may not wash away the codes that they guess at the same time.
    """
    if now.failures == before.failures + 1:
        return before
    return replace(now, failures=now.failures - 1) if now.failures > before.failures else now
