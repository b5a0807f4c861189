"""Link the traces into the chain of their tenant, within seconds of the act."""

from usager_server.jobs.workplace import Workplace
from usager_server.repository.trace_links import MOST_AT_ONCE, add_links

RECENT_SECONDS = 120
LATE_SECONDS = 24 * 3600


async def link_traces(place: Workplace) -> int:
    """Link what has come since, and return how many. One committed after others with higher numbers is found too."""
    return await _link(place, RECENT_SECONDS)


async def link_late_traces(place: Workplace) -> int:
    """Link what a very long transaction left behind, and return how many."""
    return await _link(place, LATE_SECONDS)


async def _link(place: Workplace, back_seconds: int) -> int:
    linked = 0
    for tenant in await place.tenants():
        while (more := await add_links(place.runner(tenant), back_seconds)) == MOST_AT_ONCE:
            linked += more
        linked += more
    return linked
