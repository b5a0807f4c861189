"""What keeps the store in order: room for the months to come, no bytes that nothing refers to, no tickets too old."""

from datetime import UTC, datetime
from uuid import UUID

from usager_server.accounts.tickets import forget_old
from usager_server.jobs.workplace import Workplace
from usager_server.repository import behind, contents, rates
from usager_server.repository.connections import Connections
from usager_server.repository.opening import MONTHS_AHEAD


async def make_partitions(place: Workplace) -> int:
    """Make the partitions of the coming months, and return how many."""
    return await behind.make_partitions(place.connections, MONTHS_AHEAD)


class OrphanContents:
    """The job that removes the bytes of Binaries that no version refers to.

    Shape   what a version refers to it refers to for ever, since no version is removed: after a worker's first look at
            all that is stored, each looks at what has come since the one before.
    """

    def __init__(self) -> None:
        self._reached: dict[tuple[Connections, int], UUID] = {}

    async def remove(self, place: Workplace) -> int:
        """Remove those that are a day old at least, and return how many."""
        return sum([await self._remove(place, tenant) for tenant in await place.tenants()])

    async def _remove(self, place: Workplace, tenant: int) -> int:
        after = self._reached.get((place.connections, tenant), contents.FIRST_KEY)
        before = contents.key_at(contents.ORPHAN_AGE)
        gone = await contents.delete_orphans(place.runner(tenant), after, before)
        self._reached[place.connections, tenant] = before
        return gone


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
