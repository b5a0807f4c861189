"""Whom conditions name: many small searches at once, those by an identifier in one statement."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from usager_server.repository import Stored
from usager_server.repository.reading import stored
from usager_server.repository.running import TENANT_SET, Runner
from usager_server.repository.search_recheck import checks
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.cursor import Cursors
from usager_server.search.lookups import Limits, Tokens
from usager_server.search.meaning import Meaning
from usager_server.search.query import SearchQuery

ENOUGH = 2
"""Matches that are looked for: one is the answer, two are too many."""

LEGS_IN_A_STATEMENT = 500

# One row more than enough: a hash that two texts share must not hide the second match.
MATCHES = f"""
SELECT w.number, r.id, r.version, r.last_updated, r.method, r.document, r.content
FROM {TENANT_SET},
unnest($2::text::int[], $3::text::smallint[], $4::text::int[], $5::text::bigint[]) AS w(number, type, head, tail),
LATERAL (
    SELECT row FROM index_token WHERE tenant = t.tenant AND head = w.head AND tail = w.tail
    ORDER BY row LIMIT {ENOUGH + 1}
) AS i, LATERAL (
    SELECT id, version, last_updated, method, document, content FROM resource
    WHERE tenant = t.tenant AND type = w.type AND row = i.row LIMIT 1
) AS r
"""  # noqa: S608 - our own words

Leg = tuple[int, int, int, int]
"""The place of a search among those asked for, then the type and the token, head and tail, that it looks for."""


async def matches(
    shared: PostgresSearch,
    runner: Runner,
    cursors: Cursors,
    queries: Sequence[SearchQuery],
    limits: Limits | None = None,
) -> list[Sequence[Stored]]:
    """Return up to two matches of each of these searches, in their order.

    Shape   limits: what the reader may search.
    Time    a statement for 500 of those by one token (an identifier or a code, with its system); one or two for each of
            the others.
    """
    legs = [
        _legs(shared, runner.tenant, place, query) if limits is None or limits(query.types, "s") is None else ()
        for place, query in enumerate(queries)
    ]
    found = await _by_token(shared, runner, queries, [leg for each in legs for leg in each])
    for place, query in enumerate(queries):
        if not legs[place]:
            page = await shared.search(runner, replace(query, count=ENOUGH), cursors, limits)
            found[place] = [match.stored for match in page.entries if match.mode == "match"]
    return [found.get(place, ()) for place in range(len(queries))]


def _legs(shared: PostgresSearch, tenant: int, place: int, query: SearchQuery) -> Sequence[Leg]:
    """Return what a search by tokens with their systems looks for; nothing for another search."""
    if len(query.conditions) != 1 or len(query.types) != 1:
        return ()
    lookup = Meaning(shared.registry, tenant, 0).lookup(query.conditions[0], query.types)
    if not isinstance(lookup, Tokens) or lookup.any_system:
        return ()
    return [(place, *leg) for leg in lookup.legs]


async def _by_token(
    shared: PostgresSearch, runner: Runner, queries: Sequence[SearchQuery], legs: Sequence[Leg]
) -> dict[int, Sequence[Stored]]:
    found: dict[int, dict[str, Stored]] = {}
    for start in range(0, len(legs), LEGS_IN_A_STATEMENT):
        columns = zip(*legs[start : start + LEGS_IN_A_STATEMENT], strict=True)
        for place, key, *rest in await runner.rows(MATCHES, *map(_array, columns)):
            found.setdefault(place, {})[key] = stored(queries[place].types[0], key, rest)
    return {place: list(_true(shared, queries[place], each.values()))[:ENOUGH] for place, each in found.items()}


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


def _true(shared: PostgresSearch, query: SearchQuery, found: Iterable[Stored]) -> Iterator[Stored]:
    """Yield those whose document holds the text that was asked for."""
    tests = checks(shared.registry, query.types, query.conditions)
    for each in found:
        document = (each.document or "").casefold()
        if all(test(document) for test in tests):
            yield each
