"""Fill the store fast: the project's own drafts and index rows, copied into the tables by several processes.

Row-level security does not allow COPY to a plain role, so this goes as the superuser of the embedded cluster: it is for
benchmarks only. What a write would leave is left, row for row (a test compares). When many come at once, the indexes
are taken away meanwhile and built again, by their own definitions and in their own order.
"""

import asyncio
import gc
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

import asyncpg
import orjson

from tests.bench.copies import ORIGINALS, copy_people
from tests.bench.people import people, shared
from tests.bench.population import Resource
from tests.live import LiveServer
from usager_server.definitions import load as load_definitions
from usager_server.jsontext import parse_json
from usager_server.offer import search_parameter
from usager_server.profile import packaged
from usager_server.repository import Draft
from usager_server.repository.columns import INDEX_TABLES, gram_columns, index_columns, resource_columns
from usager_server.repository.drafts import draft
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.ids import row_numbers
from usager_server.repository.opening import DATABASE, SERVER_ROLE
from usager_server.search.parameters import SearchRegistry

TENANT, BATCH, PROCESSES = 1, 3000, 4
MANY = 30_000
FILLED = ["resource", "gram", *(table.name for table in INDEX_TABLES)]
INDEXES = """
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_get_constraintdef(c.oid),
    pg_get_indexdef(i.indexrelid)
FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid
WHERE i.indrelid = ANY ($1::text[]::regclass[]) ORDER BY i.indexrelid
"""
RESOURCE = ("row", "self", "last_updated", "type", "method", "id", "content", "document", "tenant", "version")


def database_url(server: LiveServer, user: str = SERVER_ROLE) -> str:
    """Return the address of the embedded database of a live server, for a role of it."""
    return EmbeddedPostgres(server.data_dir / "postgres").url(user, DATABASE)


def load(server: LiveServer, first: int, last: int) -> None:
    """Add the persons of a range, both ends included; with the first of them, those everybody refers to."""
    url = database_url(server, "postgres")
    if first == 1:
        asyncio.run(copy_resources(url, shared()))
    indexes = asyncio.run(without_indexes(url)) if last - first >= MANY else []
    if first <= ORIGINALS:
        _copy_in_processes(url, first, min(last, ORIGINALS))
    if last > ORIGINALS:
        asyncio.run(_copy_copies(url, max(first, ORIGINALS + 1), last))
    asyncio.run(build_indexes(url, indexes))
    asyncio.run(settle(url))


def _copy_in_processes(url: str, first: int, last: int) -> None:
    share = math.ceil((last - first + 1) / PROCESSES)
    ranges = [(start, min(start + share - 1, last)) for start in range(first, last + 1, share)]
    commands = [[sys.executable, "-m", __name__, url, *map(str, (*part, nth))] for nth, part in enumerate(ranges)]
    children = [subprocess.Popen(command) for command in commands]
    if sum(child.wait() for child in children):
        raise RuntimeError("the population was not loaded")


async def _copy_copies(url: str, first: int, last: int) -> None:
    numbers, free = load_definitions().type_numbers, asyncio.Semaphore(PROCESSES)

    async def copied(start: int, end: int) -> None:
        async with free:
            await copy_people(url, start, end, numbers)

    starts = range(first, last + 1, ORIGINALS)
    await asyncio.gather(*(copied(start, min(start + ORIGINALS - 1, last)) for start in starts))


async def without_indexes(url: str) -> list[str]:
    """Take the indexes of the filled tables away, and return the statements that make them again, in their order."""
    connection = await asyncpg.connect(url)
    found = await connection.fetch(INDEXES, FILLED)
    for name, table, constraint, _ in found:
        dropped = f"DROP INDEX {name}" if constraint is None else f"ALTER TABLE {table} DROP CONSTRAINT {name}"
        await connection.execute(dropped)
    await connection.close()
    return [
        made if constraint is None else f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint}"
        for name, table, constraint, made in found
    ]


async def build_indexes(url: str, statements: Sequence[str]) -> None:
    """Make the indexes again."""
    connection = await asyncpg.connect(url, server_settings={"maintenance_work_mem": "1GB"})
    for statement in statements:
        await connection.execute(statement, timeout=None)
    await connection.close()


def main(url: str, first: str, last: str, nth: str) -> None:
    """Copy one share of the persons: the work of one process, whose short-lived dictionaries hold no cycles."""
    gc.disable()
    row_numbers.process = 1000 + int(nth)
    asyncio.run(copy_resources(url, people(int(first), int(last))))


async def copy_resources(url: str, resources: Iterator[Resource]) -> None:
    """Copy resources into the tables, with all that a write of them would leave."""
    definitions = load_definitions()
    general = packaged("usager_server.general", "SearchParameter")
    registry = SearchRegistry(definitions, [search_parameter(each, definitions) for each in general])
    connection = await asyncpg.connect(url)
    known: set[str] = set()
    while batch := list(islice(resources, BATCH)):
        now = datetime.now(UTC)
        drafts = [_draft(resource, registry, now) for resource in batch]
        async with connection.transaction():
            await _copy_drafts(connection, drafts, definitions.type_numbers, known)
    await connection.close()


def _draft(resource: Resource, registry: SearchRegistry, now: datetime) -> Draft:
    tree = parse_json(orjson.dumps(resource))
    return draft(tree, tree["id"], tenant=TENANT, now=now, registry=registry, method="PUT")


async def _copy_drafts(
    connection: "asyncpg.Connection[asyncpg.Record]", drafts: Sequence[Draft], numbers: dict[str, int], known: set[str]
) -> None:
    documents = [f"{one.head}1{one.tail}" for one in drafts]
    columns = [*resource_columns(drafts, numbers), documents]
    await _send(connection, "resource", RESOURCE, (*columns, [TENANT] * len(drafts), [1] * len(drafts)))
    indexes = [(one.row, one.index) for one in drafts]
    for table in INDEX_TABLES:
        if rows := index_columns(table, indexes):
            await _send(connection, table.name, ("row", *table.columns, "tenant"), (*rows, [TENANT] * len(rows[0])))
    values = {value for one in drafts for value in one.index.contained} - known
    known |= values
    if grams := gram_columns(sorted(values)):
        await _send(connection, "gram", ("gram", "value", "tenant"), (*grams, [TENANT] * len(grams[0])))


async def _send(
    connection: "asyncpg.Connection[asyncpg.Record]",
    table: str,
    names: Sequence[str],
    columns: Iterable[Sequence[object]],
) -> None:
    records = zip(*columns, strict=True)
    await connection.copy_records_to_table(table, columns=list(names), records=records)


async def settle(url: str) -> None:
    """Leave the tables as autovacuum would, so that the first searches do not pay for the load."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
