"""The store on PostgreSQL: what `Repository` asks, handed to the files beside this one."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

from usager_server.access.rate import Rate
from usager_server.access.reach import Reach
from usager_server.errors import Conflict, NotFound, Unavailable
from usager_server.repository import (
    Change,
    Draft,
    HistoryQuery,
    Page,
    Stamp,
    Stored,
    Written,
    claiming,
    contents,
    emergencies,
    matching,
    reading,
    trace_reading,
    tracing,
)
from usager_server.repository.connections import Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.grams import KnownValues
from usager_server.repository.growth import Growth
from usager_server.repository.history import history
from usager_server.repository.rates import give_back, take
from usager_server.repository.reading import LARGEST_VERSION
from usager_server.repository.running import Runner
from usager_server.repository.scribe import Scribe
from usager_server.repository.search_candidates import candidates, candidates_of_each
from usager_server.repository.search_referring import referring
from usager_server.repository.search_sql import PostgresSearch
from usager_server.repository.showing import Shows, View, Wanted, whole_view
from usager_server.repository.writing import MOST_IN_A_STATEMENT, Writer
from usager_server.search.cursor import Cursors
from usager_server.search.likeness import Probe
from usager_server.search.query import SearchQuery
from usager_server.traces.act import Act
from usager_server.traces.event import Event
from usager_server.traces.record import Trace, TraceQuery

if TYPE_CHECKING:
    from usager_server.repository.limited import LimitedRepository


CURSOR_KEY = """
SELECT k.cursor_key FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, LATERAL (
    SELECT cursor_key FROM tenant WHERE tenant.tenant = t.tenant LIMIT 1
) AS k
"""


class PostgresStore:
    """What the repositories of all tenants share: connections, numbers of the types, a few remembered things."""

    def __init__(
        self, connections: Connections, type_numbers: Mapping[str, int], embedded: EmbeddedPostgres | None = None
    ) -> None:
        self.connections = connections
        self.embedded = embedded
        self.type_numbers = dict(type_numbers)
        self.type_names = {number: name for name, number in type_numbers.items()}
        self.known_values = KnownValues()
        self.growth = Growth(connections)
        self.scribe = Scribe(connections)
        self.shows = Shows(connections)
        self.searching: PostgresSearch | None = None
        self._cursors: dict[int, Cursors] = {}
        self._views: dict[int, View] = {}

    @property
    def searcher(self) -> PostgresSearch:
        """What searches. Errors: Unavailable (503) when the store was opened without search parameters."""
        if self.searching is None:
            raise Unavailable("This store was opened without search parameters.")
        return self.searching

    async def close(self) -> None:
        """Close the connections, and leave the embedded database, which stops when nobody else uses it."""
        await self.connections.close()
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)

    async def check(self) -> None:
        """Ask the database for a sign of life. Errors: Unavailable (503)."""
        await Runner(self.connections, 0).rows("SELECT $1::text")

    def repository(self, tenant: int, act: Act | None = None) -> "PostgresRepository":
        """Return the store of one tenant, for a request whose versions leave traces when an act is given."""
        return PostgresRepository(self, Runner(self.connections, tenant, act=act))

    async def take(self, tenant: int, key: str, rate: Rate, count: int) -> float | None:
        """Take some acts out of a bucket that all processes share; or return the seconds to wait."""
        return await take(self.runner(tenant), key, rate, count)

    async def give_back(self, tenant: int, key: str, rate: Rate, count: int) -> None:
        """Put back into such a bucket what was taken for nothing."""
        await give_back(self.runner(tenant), key, rate, count)

    def runner(self, tenant: int) -> Runner:
        """Return what runs the statements of one tenant: for what is stored beside the resources."""
        return Runner(self.connections, tenant)

    def whole_view(self, tenant: int) -> View:
        """Return the view of all that a tenant has."""
        if (view := self._views.get(tenant)) is None:
            view = self._views[tenant] = whole_view(tenant)
        return view

    async def cursors(self, runner: Runner) -> Cursors:
        """Return what seals the cursors of a tenant, with a key that all replicas find in the database."""
        if (cursors := await self.known_cursors(runner)) is None:
            raise Unavailable(f"There is no tenant {runner.tenant} in the store.")
        return cursors

    async def known_cursors(self, runner: Runner) -> Cursors | None:
        """Return what seals the cursors of a tenant, None when there is no such tenant."""
        if (cursors := self._cursors.get(runner.tenant)) is None:
            found = await runner.row(CURSOR_KEY)
            if found is None:
                return None
            cursors = self._cursors[runner.tenant] = Cursors(found[0])
        return cursors


class PostgresRepository:
    """`Repository` for one tenant: alone, each call a transaction; or inside one, on its connection."""

    def __init__(self, store: PostgresStore, runner: Runner) -> None:
        self.store = store
        self.runner = runner
        self._numbers = store.type_numbers

    @cached_property
    def _writer(self) -> Writer:
        """What writes: made when something is written, since most requests read."""
        return Writer(self.runner, self._numbers, self.store.known_values, self.store.growth)

    async def exists(self) -> bool:
        """Say whether there is such a tenant."""
        return await self.store.known_cursors(self.runner) is not None

    async def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Return the current version, or None; a deleted resource is a Stored without document."""
        number = self._numbers.get(resource_type)
        return None if number is None else await reading.read(self.runner, resource_type, number, resource_id)

    async def show(self, resource_type: str, resource_id: str, act: Act) -> Stored | None:
        """Return the current version, and trace that it is shown, in one statement."""
        return await self._shown(self.store.whole_view(self.runner.tenant), resource_type, resource_id, act)

    async def read_many(self, references: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
        """Return the current versions of those that exist."""
        return await reading.read_many(self.runner, references, self._numbers)

    async def vread(self, resource_type: str, resource_id: str, version: int) -> Stored | None:
        """Return one version, or None."""
        number = self._numbers.get(resource_type)
        if number is None or not 0 < version <= LARGEST_VERSION:
            return None
        return await reading.vread(self.runner, resource_type, number, resource_id, version)

    async def vread_many(self, versions: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], Stored]:
        """Return those of these versions that exist."""
        return await reading.vread_many(self.runner, versions, self._numbers)

    async def stamp(self, types: Sequence[str]) -> Stamp:
        """Return a value that every write to a resource of these types changes."""
        return await reading.stamp(self.runner, [self._numbers[name] for name in types])

    async def create(self, drafts: Sequence[Draft]) -> None:
        """Store new resources at version 1. Errors: Conflict (409) when an id is taken."""
        if len(drafts) <= MOST_IN_A_STATEMENT:
            await self._writer.create(drafts)
        else:
            async with self.transaction() as inside:
                await inside._writer.create(drafts)

    async def update(self, draft: Draft, *, expected_version: int | None = None, may_create: bool = True) -> Written:
        """Store the next version, or the first one when the resource is unknown."""
        return await self._writer.update(draft, expected_version, may_create)

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        """Do many updates (or creates by id), all or nothing."""
        if not changes:
            return []
        async with self.transaction() as repository:
            return await repository._writer.write(changes)

    async def delete(
        self, resource_type: str, resource_id: str, *, last_updated: datetime, expected_version: int | None = None
    ) -> Stored | None:
        """Write the deletion as a version; None when unknown; the existing one when deleted already."""
        if resource_type not in self._numbers:
            return None
        return await self._writer.delete(resource_type, resource_id, last_updated, expected_version)

    async def history(self, query: HistoryQuery) -> Page:
        """Return one page of versions, newest first."""
        if query.type is not None and query.type not in self._numbers:
            raise NotFound(f"{query.type} is not a resource type.")
        return await history(self.runner, query, self._numbers, await self.store.cursors(self.runner))

    async def search(self, query: SearchQuery) -> Page:
        """Return one page of matches with what they include. Errors: TooCostly (403)."""
        return await self.store.searcher.search(self.runner, query, await self.store.cursors(self.runner))

    async def matches(self, queries: Sequence[SearchQuery]) -> list[Sequence[Stored]]:
        """Return up to two matches of each of these searches, in their order."""
        cursors = await self.store.cursors(self.runner)
        return await matching.matches(self.store.searcher, self.runner, cursors, queries)

    async def candidates(self, sought: Sequence[Probe], count: int) -> list[Stored]:
        """Return up to `count` Patients that meet keys of likeness, those that meet most first."""
        return await candidates(self.runner, self._numbers["Patient"], sought, None, count)

    async def candidates_of_each(self, sought: Sequence[Sequence[Probe]], count: int) -> list[list[Stored]]:
        """Return what `candidates` does for each of several lists of keys."""
        return await candidates_of_each(self.runner, self._numbers["Patient"], sought, None, count)

    async def referring(self, reference: str, without: Sequence[str], count: int) -> list[tuple[str, str]]:
        """Return up to `count` resources (type, id) that refer to this one ("Type/id"), but those of some types."""
        return await referring(self.runner, self.store.searcher.registry, reference, without, count)

    async def claim(self, *keys: str) -> None:
        """Hold identities until the transaction ends; a second holder waits for the first."""
        await claiming.claim(self.runner, keys)

    async def lock(self, references: Sequence[tuple[str, str]]) -> None:
        """Let nobody else write these resources, those that exist, until the transaction ends."""
        await self._writer.lock(references)

    async def hold(self, references: Sequence[tuple[str, str]], letter: str) -> None:
        """Lock these resources, all of which are there. Errors: NotFound (404)."""
        await self.lock(references)
        found = await self.read_many(references)
        for kind, key in references:
            if (kind, key) not in found or found[kind, key].document is None:
                raise NotFound(f"There is no {kind}/{key}")

    async def opens(self, patient_id: str) -> bool:
        """Say that every record is open: nobody's rights limit this store."""
        return True

    async def open_in_emergency(self, patient: str, reader: str, reason: str, minutes: int) -> datetime | None:
        """Open the record of a Patient to a reader; return until when, None when there is no such Patient."""
        key = (self._numbers["Patient"], patient)
        return await emergencies.open_record(self.runner, key, reader, reason, minutes)

    async def open_until(self, patient: str, reader: str) -> datetime | None:
        """Return until when a record is open to a reader in an emergency, None when it is not."""
        return await emergencies.open_until(self.runner, (self._numbers["Patient"], patient), reader)

    async def close_emergency(self, patient: str, reader: str) -> bool:
        """End what a reader opened; say whether anything was open."""
        return await emergencies.close_record(self.runner, (self._numbers["Patient"], patient), reader)

    @property
    def whole(self) -> "PostgresRepository":
        """This store, which has no limits."""
        return self

    def within(self, reach: Reach) -> "PostgresRepository":
        """Return the part of this store that is within reach."""
        return _limited()(self.store, self.runner, reach)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["PostgresRepository"]:
        """Yield the same repository inside one transaction: committed at the end, rolled back on an exception."""
        if self.runner.held is not None:
            yield self
            return
        async with self.runner.transaction() as runner:
            inside = PostgresRepository(self.store, runner)
            yield inside
        inside._writer.committed()

    async def record(self, events: Sequence[Event]) -> None:
        """Store traces: in the transaction when there is one, else at once."""
        if self.runner.held is None and len(events) == 1:
            await self.store.scribe.record(self.runner.tenant, events[0])
        else:
            await tracing.record(self.runner, events)

    async def trace(self, row: int) -> Trace | None:
        """Return the trace of this number, or None."""
        return await trace_reading.read_trace(self.runner, row)

    async def traces(self, query: TraceQuery) -> list[Trace]:
        """Return up to query.count traces, newest first. Errors: TooCostly (403)."""
        return await trace_reading.find_traces(self.runner, query)

    async def cursors(self) -> Cursors:
        """Return what seals the page links of this tenant. Errors: Unavailable (503) when there is no such tenant."""
        return await self.store.cursors(self.runner)

    async def write_content(self, chunks: AsyncIterator[bytes]) -> str:
        """Store the bytes of a Binary outside its resource row, streamed, and return their key."""
        return await contents.write_content(self.runner, chunks)

    def read_content(self, key: str) -> AsyncIterator[bytes]:
        """Yield the bytes stored under a key, in pieces of at most 1 MiB."""
        return contents.read_content(self.runner, key)

    async def content_size(self, key: str) -> int | None:
        """Return how many bytes are stored under a key, or None."""
        return await contents.content_size(self.runner, key)

    async def delete_orphan_contents(self, age: timedelta = contents.ORPHAN_AGE) -> int:
        """Remove bytes that no version refers to, older than `age`; return how many keys."""
        return await contents.delete_orphans(self.runner, contents.FIRST_KEY, contents.key_at(age))

    async def _shown(self, view: View, resource_type: str, resource_id: str, act: Act) -> Stored | None:
        """Show what is in view; what cannot be read and traced together is read, for the caller to trace."""
        number = self._numbers.get(resource_type)
        if number is None:
            return None
        wanted = Wanted(resource_type, number, resource_id, act)
        try:
            found, act.is_told = await self.store.shows.show(view, wanted)
        except (Conflict, Unavailable):
            return await self.read(resource_type, resource_id)
        return found


@cache
def _limited() -> type["LimitedRepository"]:
    """Return what is limited, which is a PostgresRepository itself. Time: an import each time would take 2 µs."""
    from usager_server.repository.limited import LimitedRepository

    return LimitedRepository
