"""What a process has taken out of shared buckets and not yet spent: counting costs a statement in a handful."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from usager_server.access.rate import Rate
from usager_server.http.limits import HANDFUL, HANDFUL_SECONDS, HANDFULS_PER_MINUTE, PURSES_KNOWN

Take = Callable[[int, str, Rate, int], Awaitable[float | None]]
"""Takes acts out of the bucket of a tenant and key: all, or none and the seconds to wait."""

Clock = Callable[[], float]


@dataclass(slots=True)
class Purse:
    """What was taken out of one bucket. Unit: seconds of the monotonic clock."""

    left: int = 0
    until: float = 0.0
    empty_until: float = 0.0
    filling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def spend(self, now: float) -> bool:
        """Spend one, if there is one that is not too old."""
        if self.left > 0 and now < self.until:
            self.left -= 1
            return True
        return False


class Purses:
    """Spends from buckets by the handful.

    Time    a few µs; a statement each HANDFUL requests, or twice a second of those who may ask for more. A process that
            stops forgets what it had taken: the caller waits a little sooner than it should.
    """

    def __init__(self, take: Take, clock: Clock = time.monotonic) -> None:
        self._take = take
        self._clock = clock
        self._purses: OrderedDict[tuple[int, str], Purse] = OrderedDict()

    async def spend(self, tenant: int, key: str, rate: Rate) -> float | None:
        """Spend one request of a bucket; return None, else the seconds until there will be one."""
        purse = self._purse(tenant, key)
        if purse.spend(self._clock()):
            return None
        async with purse.filling:
            now = self._clock()
            if purse.spend(now):
                return None
            if now >= purse.empty_until:
                await self._fill(purse, tenant, key, rate)
            return None if purse.spend(now) else purse.empty_until - self._clock()

    def _purse(self, tenant: int, key: str) -> Purse:
        purse = self._purses.get((tenant, key))
        if purse is None:
            purse = self._purses[tenant, key] = Purse()
            if len(self._purses) > PURSES_KNOWN:
                self._purses.popitem(last=False)
        return purse

    async def _fill(self, purse: Purse, tenant: int, key: str, rate: Rate) -> None:
        """Take a handful, or the one request when there are not as many, or learn when there will be one."""
        handful = max(min(max(HANDFUL, rate.per_minute // HANDFULS_PER_MINUTE), rate.burst // 4), 1)
        for count in dict.fromkeys((handful, 1)):
            wait = await self._take(tenant, key, rate, count)
            now = self._clock()
            if wait is None:
                purse.left, purse.until, purse.empty_until = count, now + HANDFUL_SECONDS, 0.0
                return
            purse.empty_until = now + wait
