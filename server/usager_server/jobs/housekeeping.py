"""What keeps the store in order: room for the months to come, no bytes that nothing refers to, no tickets too old."""

from datetime import UTC, datetime

from usager_server.accounts.tickets import forget_old
from usager_server.jobs.workplace import Workplace
from usager_server.repository import behind, contents, rates
from usager_server.repository.opening import MONTHS_AHEAD


async def make_partitions(place: Workplace) -> int:
    """Make the partitions of the coming months, and return how many."""
    return await behind.make_partitions(place.connections, MONTHS_AHEAD)


async def remove_orphan_contents(place: Workplace) -> int:
    """Remove the bytes of Binaries that no version refers to, a day old at least, and return how many."""
    return sum([await contents.delete_orphans(place.runner(tenant)) for tenant in await place.tenants()])


async def forget_old_tickets(place: Workplace) -> int:
    """Remove the tickets that are too old (answers not accepted, links not followed), and return how many."""
    gone = 0
    for tenant in await place.tenants():
        async with place.runner(tenant).transaction() as runner:
            gone += await forget_old(runner, datetime.now(UTC))
    return gone


async def forget_full_buckets(place: Workplace) -> int:
    """Remove the buckets of requests that are full, and return how many."""
    return sum([await rates.forget_full(place.runner(tenant)) for tenant in await place.tenants()])
