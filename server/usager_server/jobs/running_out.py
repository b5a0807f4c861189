"""End the sessions that ran out without anybody asking: a closed laptop never says goodbye."""

from usager_server.accounts.journal import Journal
from usager_server.accounts.sessions import Sessions
from usager_server.jobs.workplace import Workplace


async def end_sessions(place: Workplace) -> int:
    """End the sessions that ran out, each with its trace, and return how many."""
    sessions = Sessions(place.runner, Journal())
    ended = 0
    for tenant in await place.tenants():
        while more := await sessions.end_overdue(tenant):
            ended += more
    return ended
