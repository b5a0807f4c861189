"""A circuit breaker: once INSi has not answered several times in a row, nobody waits for it during a while."""

from collections.abc import Callable
from time import monotonic

FAILURES = 3
FIRST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 300.0


class Breaker:
    """Counts failures in a row, for one process.

    Time    after FAILURES, calls are refused for a pause that doubles with each further failure. Once it is over, calls
            pass again: one that succeeds forgets everything, one that fails begins a longer pause.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._failures = 0
        self._until = 0.0

    def wait_seconds(self) -> float:
        """Return for how long calls are refused; 0 when they may pass."""
        return max(0.0, self._until - self._now())

    def succeeded(self) -> None:
        """Note an answer, whatever it says."""
        self._failures, self._until = 0, 0.0

    def failed(self) -> None:
        """Note a call without an answer."""
        self._failures += 1
        if self._failures >= FAILURES:
            pause = FIRST_PAUSE_SECONDS * 2 ** min(self._failures - FAILURES, 10)
            self._until = self._now() + min(pause, LONGEST_PAUSE_SECONDS)
