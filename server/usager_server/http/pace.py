"""How fast a caller may go: buckets in PostgreSQL, shared by all processes."""

import time
from math import ceil

from usager_server.access.rate import Rate
from usager_server.caller import Caller
from usager_server.errors import Throttled
from usager_server.http.purses import Clock, Purses, Take
from usager_server.settings import Settings

KINDS = {
    **dict.fromkeys(("search_type", "search_system", "search_compartment", "history_type", "history_system"), "search"),
    **dict.fromkeys(("operation", "operation_by_get", "bundle"), "operation"),
}
"""The interactions that have a bucket of their own besides that of all."""

WHAT = {"all": "requests", "search": "searches", "operation": "operations and Bundles"}
SHARE_OF_SEARCHES, SHARE_OF_OPERATIONS = 4, 10
"""Searches and histories may be a quarter of the requests of a minute, operations and Bundles a tenth."""


class Pace:
    """Lets a caller through, or says when to come back.

    Shape   a bucket for each client and person of a tenant, and for each kind of interaction.
    Time    that of `Purses`.
    """

    def __init__(self, per_minute: int, take: Take, clock: Clock = time.monotonic) -> None:
        self._rates = {
            "all": Rate(per_minute, per_minute),
            "search": Rate(max(per_minute // SHARE_OF_SEARCHES, 1), max(per_minute // SHARE_OF_SEARCHES, 1)),
            "operation": Rate(max(per_minute // SHARE_OF_OPERATIONS, 1), max(per_minute // SHARE_OF_OPERATIONS, 1)),
        }
        self._purses = Purses(take, clock)

    async def step(self, caller: Caller, interaction: str) -> None:
        """Count one request. Errors: Throttled (429) with Retry-After."""
        name = f"{caller.grant.client} {caller.grant.practitioner or caller.subject}"
        await self._spend(caller.tenant, "all", name)
        if interaction in KINDS:
            await self._spend(caller.tenant, KINDS[interaction], name)

    async def _spend(self, tenant: int, kind: str, name: str) -> None:
        wait = await self._purses.spend(tenant, f"{kind} {name}", self._rates[kind])
        if wait is not None:
            raise throttled(f"Too many {WHAT[kind]} for now", wait)


def throttled(what: str, seconds: float) -> Throttled:
    """Return the refusal that says when to come back, in whole seconds."""
    wait = max(ceil(seconds), 1)
    return Throttled(f"{what}; the next one may come in {wait} s", headers={"Retry-After": str(wait)})


def pace(settings: Settings, take: Take) -> Pace | None:
    """Return what the settings say about how fast callers may go; None when nobody signs in: there is but one."""
    return None if settings.auth == "off" else Pace(settings.requests_per_minute, take)
