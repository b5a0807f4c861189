"""How fast a caller may go: buckets in PostgreSQL, shared by all processes, from which each takes by the handful."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil

from usager_server.access.rate import Rate
from usager_server.caller import Caller
from usager_server.errors import Throttled
from usager_server.http.limits import HANDFUL, HANDFUL_SECONDS, PACES_KNOWN
from usager_server.settings import Settings

KINDS = {
    **dict.fromkeys(("search_type", "search_system", "search_compartment", "history_type", "history_system"), "search"),
    **dict.fromkeys(("operation", "operation_by_get", "bundle"), "operation"),
}
"""The interactions that have a bucket of their own besides that of all."""

SHARE_OF_SEARCHES, SHARE_OF_OPERATIONS = 4, 10
"""Searches and histories may be a quarter of the requests of a minute, operations and Bundles a tenth."""


Take = Callable[[int, str, Rate, int], Awaitable[float | None]]
"""Takes acts out of the bucket of a tenant and key: all, or none and the seconds to wait."""


@dataclass(slots=True)
class Purse:
    """What a process has taken out of a bucket and not yet spent. Unit: seconds of the monotonic clock."""

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


class Pace:
    """Lets a caller through, or says when to come back.

    Shape   a bucket for each client and person of a tenant, and for each kind of interaction.
    Time    a few µs; a short transaction each HANDFUL requests. A process that stops forgets what it had taken: the
            caller waits a little sooner than it should.
    """

    def __init__(self, per_minute: int, take: Take, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = {
            "all": Rate(per_minute, per_minute),
            "search": Rate(max(per_minute // SHARE_OF_SEARCHES, 1), max(per_minute // SHARE_OF_SEARCHES, 1)),
            "operation": Rate(max(per_minute // SHARE_OF_OPERATIONS, 1), max(per_minute // SHARE_OF_OPERATIONS, 1)),
        }
        self._take = take
        self._clock = clock
        self._purses: OrderedDict[tuple[int, str], Purse] = OrderedDict()

    async def step(self, caller: Caller, interaction: str) -> None:
        """Count one request. Errors: Throttled (429) with Retry-After."""
        name = f"{caller.grant.client} {caller.grant.practitioner or caller.subject}"
        await self._spend(caller.tenant, "all", name)
        if interaction in KINDS:
            await self._spend(caller.tenant, KINDS[interaction], name)

    async def _spend(self, tenant: int, kind: str, name: str) -> None:
        key = f"{kind} {name}"
        purse = self._purse(tenant, key)
        if purse.spend(self._clock()):
            return
        async with purse.filling:
            now = self._clock()
            if purse.spend(now):
                return
            if now >= purse.empty_until:
                await self._fill(purse, tenant, key, self._rates[kind])
            if not purse.spend(now):
                raise _throttled(kind, purse.empty_until - now)

    def _purse(self, tenant: int, key: str) -> Purse:
        purse = self._purses.get((tenant, key))
        if purse is None:
            purse = self._purses[tenant, key] = Purse()
            if len(self._purses) > PACES_KNOWN:
                self._purses.popitem(last=False)
        return purse

    async def _fill(self, purse: Purse, tenant: int, key: str, rate: Rate) -> None:
        """Take a handful, or the one request when there are not as many, or learn when there will be one."""
        handful = max(min(HANDFUL, rate.burst // 4), 1)
        for count in dict.fromkeys((handful, 1)):
            wait = await self._take(tenant, key, rate, count)
            now = self._clock()
            if wait is None:
                purse.left, purse.until, purse.empty_until = count, now + HANDFUL_SECONDS, 0.0
                return
            purse.empty_until = now + wait


def _throttled(kind: str, seconds: float) -> Throttled:
    what = {"all": "requests", "search": "searches", "operation": "operations and Bundles"}[kind]
    wait = max(ceil(seconds), 1)
    return Throttled(f"Too many {what} for now; the next one may come in {wait} s", headers={"Retry-After": str(wait)})


def pace(settings: Settings, take: Take) -> Pace | None:
    """Return what the settings say about how fast callers may go; None when nobody signs in: there is but one."""
    return None if settings.auth == "off" else Pace(settings.requests_per_minute, take)
