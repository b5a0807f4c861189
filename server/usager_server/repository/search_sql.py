"""Search on PostgreSQL: a SearchQuery -> one page, in one round trip once it is known which condition is rare."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeGuard

import asyncpg

from usager_server.errors import TooCostly
from usager_server.repository import Match, Page, Stored
from usager_server.repository.reading import stored
from usager_server.repository.running import Runner
from usager_server.repository.search_choice import (
    GLADLY,
    PROMISING,
    RARE,
    TEXTS_WALKED,
    Counts,
    finds_rows,
    most_gathered,
    presumed_rank,
    walked_first,
    walked_of,
)
from usager_server.repository.search_includes import Includes
from usager_server.repository.search_orders import Wanted
from usager_server.repository.search_pages import Statement, Walked, count_rows, count_texts, gather, probe, walk_order
from usager_server.repository.search_phases import phases
from usager_server.repository.search_plan import Plan, plan
from usager_server.repository.search_recheck import checks
from usager_server.search.cursor import Cursors
from usager_server.search.cursor import Key as CursorKey
from usager_server.search.dates import microseconds, moment
from usager_server.search.lookups import Containing, Limits, Lookup, OfTypes, References, Spelled, Strings, Tokens
from usager_server.search.meaning import Meaning
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import SearchQuery

ESTIMATED_FROM = 10_000
"""`_total=estimate` counts up to so many, and says so many when there are more."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A match with its place in the order: its key, then its row."""

    type_number: int
    place: tuple[Any, ...]
    stored: Stored


class PostgresSearch:
    """Searches the stores of all tenants; remembers how many rows conditions find."""

    def __init__(self, registry: SearchRegistry) -> None:
        self.registry = registry
        self.names = {number: name for name, number in registry.definitions.type_numbers.items()}
        self.counts = Counts()

    async def search(self, runner: Runner, query: SearchQuery, cursors: Cursors, limits: Limits | None = None) -> Page:
        """Return one page of matches with what they include.

        Shape   limits: what the reader may search and read; they are part of the statements, so that neither a page
                nor a count tells of what lies beyond.
        Order   as _sort says; otherwise newest first. Stable while others write: a page link is a place, not a number.
        Errors  TooCostly (403) when it would take longer than a statement may; Invalid (400) on a bad page link.
        """
        return await _Search(self, runner, query, cursors, limits).page()


class _Search:
    """One search."""

    def __init__(
        self, shared: PostgresSearch, runner: Runner, query: SearchQuery, cursors: Cursors, limits: Limits | None
    ) -> None:
        self.shared, self.runner, self.query, self.cursors = shared, runner, query, cursors
        self.meaning = Meaning(shared.registry, runner.tenant, time.time_ns() // 1000, limits)
        self.plan: Plan = plan(self.meaning, query)
        self.leaders = [lookup for lookup in self.plan.lookups if finds_rows(lookup)]
        numbers = shared.registry.definitions.type_numbers
        self.types = [numbers[name] for name in self.plan.types]

    async def page(self) -> Page:
        try:
            return await self._page()
        except TooCostly as error:
            raise TooCostly(f"{self._named()}: {error}", code=error.issues[0].code) from error

    async def _page(self) -> Page:
        total = await self._total()
        if self.query.count == 0:
            return Page(total=total)
        backwards, place = self._place()
        limit = self.query.count + 1
        hits = await self._hits(Wanted(self.plan.orders, limit, place, self.plan.last, backwards))
        more, hits = len(hits) == limit, hits[: self.query.count]
        if backwards:
            hits.reverse()
        matches = await self._with_includes(hits)
        return Page(
            matches,
            next=self._sealed("n", hits[-1]) if hits and (more or backwards) else None,
            previous=self._sealed("p", hits[0]) if hits and (more if backwards else place) else None,
            total=total,
        )

    # The matches.

    async def _hits(self, wanted: Wanted) -> list[Hit]:
        while (leader := await self._leader()) is not None:
            if not wanted.orders and isinstance(leader, Tokens | References | Spelled):
                return await self._along(leader, wanted)  # as soon as gathered, and it may stop before
            if hits := await self._walked_first(leader, wanted):
                return hits
            filters = [one for one in self.plan.lookups if one is not leader]
            most = self._most(leader)
            rows = await self._rows(gather(leader, filters, wanted, most))
            if rows and (rows[0]["total"] > most or wanted.orders):
                self._learn(leader, rows[0]["total"])
            if not rows or rows[0]["total"] <= most:
                return [self._hit(row, (), wanted) for row in rows]
            if isinstance(leader, Strings | Containing):
                await self._count_texts(leader)
        for one in () if wanted.orders else self.leaders:
            if isinstance(one, Strings | Containing):
                await self._count_texts(one)
        return await self._along(self._walked() or self.meaning.of_types(self.plan.types), wanted)

    async def _walked_first(self, leader: Lookup, wanted: Wanted) -> list[Hit]:
        """Return a full page walked along the order, when the leader finds so much that this is the shorter way."""
        most = walked_first(self._known(leader), wanted.orders, wanted.limit)
        if most is None or self.shared.counts.get(self.runner.tenant, (leader, wanted.orders[0])):
            return []
        filters = [one for one in self.plan.lookups if not isinstance(one, OfTypes)]
        rows = await self._rows(walk_order(self.types, filters, wanted, most))
        if len(rows) == wanted.limit:
            return [self._hit(row, (), wanted) for row in rows]
        if not wanted.place:
            self.shared.counts.learn(self.runner.tenant, (leader, wanted.orders[0]), most)
        return []

    async def _leader(self) -> Lookup | None:
        """Return the condition to gather, None when all of them find too many rows."""
        if len(self.leaders) == 1 and not self.plan.orders and self._is_walked(self.leaders[0]):
            return None  # its own index is in the order asked for, and what else there is are negations: most pass
        known = {one: self._known(one) for one in self.leaders}
        few = [(n, at) for at, one in enumerate(self.leaders) if (n := known[one]) is not None and n <= self._most(one)]
        unknown = sorted((one for one in self.leaders if known[one] is None), key=presumed_rank)
        if few and min(few)[0] > GLADLY and (rare := [one for one in unknown if presumed_rank(one) <= RARE]):
            await self._probe(rare)
            return await self._leader()
        if few:
            return self.leaders[min(few)[1]]
        if not unknown:
            return None
        if presumed_rank(unknown[0]) <= PROMISING or (len(self.leaders) == 1 and not self.plan.orders):
            return unknown[0]
        await self._probe(unknown)
        return await self._leader()

    def _most(self, lookup: Lookup) -> int:
        alone = len(self.plan.lookups) == 1 and not self.plan.orders
        return most_gathered(lookup, alone=alone, strung=not self.plan.orders and self._may_be_strung(lookup))

    def _known(self, lookup: Lookup) -> int | None:
        return self.shared.counts.get(self.runner.tenant, lookup)

    def _may_be_strung(self, lookup: Lookup) -> bool:
        texts = self.shared.counts.get(self.runner.tenant, (lookup, "texts"))
        return texts is None or texts <= TEXTS_WALKED

    async def _count_texts(self, lookup: Strings | Containing) -> None:
        if self.shared.counts.get(self.runner.tenant, (lookup, "texts")) is not None:
            return
        (found,) = await self._rows(count_texts(lookup, TEXTS_WALKED + 1))
        self.shared.counts.learn(self.runner.tenant, (lookup, "texts"), found[0])

    def _is_walked(self, lookup: Lookup) -> TypeGuard[Walked]:
        if isinstance(lookup, Strings | Containing):
            texts = self.shared.counts.get(self.runner.tenant, (lookup, "texts"))
            return texts is not None and texts <= TEXTS_WALKED
        return isinstance(lookup, Walked)

    async def _probe(self, lookups: Sequence[Lookup]) -> None:
        (found,) = await self._rows(probe([(lookup, self._most(lookup)) for lookup in lookups]))
        for lookup, count in zip(lookups, found, strict=True):
            self._learn(lookup, count)

    def _learn(self, lookup: Lookup, count: int) -> None:
        self.shared.counts.learn(self.runner.tenant, lookup, count)

    def _walked(self) -> Walked | None:
        """Return the condition whose index is walked in the order of rows, None when no condition has one."""
        having = [one for one in self.leaders if self._is_walked(one)]
        return walked_of(having, [self._known(one) for one in having])

    async def _along(self, walked: Walked, wanted: Wanted) -> list[Hit]:
        filters = [one for one in self.plan.lookups if one is not walked and not isinstance(one, OfTypes)]
        stretches = list(phases(self.plan.orders, walked, filters))
        hits: list[Hit] = []
        for phase in reversed(stretches) if wanted.backwards else stretches:
            limit = wanted.limit - len(hits)
            statement = phase.statement(self.types, replace(wanted, limit=limit)) if limit else None
            if statement is not None:
                hits += [self._hit(row, phase.prefix, wanted) for row in await self._rows(statement)]
        return hits

    def _hit(self, row: asyncpg.Record, prefix: tuple[Any, ...], wanted: Wanted) -> Hit:
        width = len(wanted.kinds) - 1 - len(prefix)
        _, number, place, *rest = row
        key, (resource_id, *columns) = rest[:width], rest[width:]
        return Hit(number, (*prefix, *key, place), stored(self.shared.names[number], resource_id, columns))

    async def _rows(self, statement: Statement) -> list[asyncpg.Record]:
        text, arguments = statement
        return await self.runner.rows(text, *arguments)

    async def _with_includes(self, hits: Sequence[Hit]) -> list[Match]:
        tests = checks(self.shared.registry, self.plan.types, self.query.conditions)
        if tests:
            hits = [hit for hit in hits if _passes(hit.stored.document or "", tests)]
        matches = [Match(hit.stored) for hit in hits]
        if not self.query.includes or not hits:
            return matches
        page = {(hit.type_number, hit.place[-1]): hit.stored for hit in hits}
        includes = Includes(self.runner, self.meaning, self.query.includes, self.shared.names)
        return matches + await includes.of(page)

    # The total.

    async def _total(self) -> int | None:
        if self.query.total == "none":
            return None
        leader = await self._leader() or self._walked()
        leader = leader or next(iter(self.leaders), None) or self.meaning.of_types(self.plan.types)
        filters = [one for one in self.plan.lookups if one is not leader]
        most = ESTIMATED_FROM if self.query.total == "estimate" else None
        (found,) = await self._rows(count_rows(leader, filters, most))
        return int(found[0])

    # Page links.

    def _place(self) -> tuple[bool, tuple[Any, ...]]:
        if self.query.cursor is None:
            return False, ()
        way, *values = self.cursors.open(self.query.cursor, self._bound_to())
        kinds = Wanted(self.plan.orders, 0).kinds
        return way == "p", tuple(_from_cursor(value, kind) for value, kind in zip(values, kinds, strict=True))

    def _sealed(self, way: str, hit: Hit) -> str:
        return self.cursors.seal([way, *(_to_cursor(value) for value in hit.place)], self._bound_to())

    def _bound_to(self) -> str:
        query = self.query
        return repr(("search", self.runner.tenant, query.reader, query.types, query.compartment, query.self_link))

    def _named(self) -> str:
        names = [condition.parameter for condition in self.query.conditions]
        sorted_by = [sort.parameter for sort in self.query.sort]
        parts = [f"search by {', '.join(names)}" if names else "search of everything"]
        return " ".join([*parts, f"sorted by {', '.join(sorted_by)}"] if sorted_by else parts)


def _passes(document: str, tests: Sequence[Any]) -> bool:
    lowered = document.casefold()
    return all(test(lowered) for test in tests)


def _to_cursor(value: Any) -> CursorKey:
    if isinstance(value, datetime):
        return microseconds(value)
    return value.hex() if isinstance(value, float) else value


def _from_cursor(value: CursorKey, kind: str) -> Any:
    if kind == "timestamptz":
        return moment(int(value))
    return float.fromhex(str(value)) if kind == "float8" else value
