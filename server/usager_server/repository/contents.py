"""The bytes of Binary resources, in parts of 1 MiB: streamed in and out, never whole in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from usager_server.errors import NotFound
from usager_server.repository.ids import new_uuid
from usager_server.repository.running import Runner, under_tenant

PART_BYTES = 1 << 20
ORPHAN_AGE = timedelta(days=1)
FIRST_KEY = UUID(int=0)

WRITE_PART = """
INSERT INTO content (tenant, key, part, data)
SELECT t.tenant, $2::uuid, $3::int, $4::bytea
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t
"""

READ_PART = """
SELECT c.data FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, LATERAL (
    SELECT data FROM content WHERE tenant = t.tenant AND key = $2 AND part = $3 LIMIT 1
) AS c
"""

SIZE = """
SELECT c.size FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, LATERAL (
    SELECT sum(octet_length(data))::bigint AS size FROM content WHERE tenant = t.tenant AND key = $2 LIMIT 1
) AS c
"""

LOOKED_AT = 1_000
"""Keys that are looked at in one statement: all of a large store would take longer than a statement may."""

# Keys are UUIDs of version 7: those below a bound are older than its instant.
OLD = under_tenant(
    "SELECT c.key FROM content AS c WHERE c.tenant = t.tenant AND c.key > $2 AND c.key < $3 AND c.part = 0"
    " ORDER BY c.key LIMIT $4"
)
DELETE_ORPHANS = """
WITH gone AS (
    DELETE FROM content AS c WHERE c.tenant = $1::text::int AND c.key = ANY ($2::uuid[])
    AND NOT EXISTS (SELECT FROM resource AS r WHERE r.tenant = c.tenant AND r.content = c.key)
    AND NOT EXISTS (SELECT FROM history AS h WHERE h.tenant = c.tenant AND h.content = c.key)
    RETURNING c.key
)
SELECT count(DISTINCT key) FROM gone
"""


async def write_content(runner: Runner, chunks: AsyncIterator[bytes]) -> str:
    """Store bytes and return their key. Each part is kept as it comes: no connection waits for a slow sender."""
    key, part = new_uuid(), 0
    async for data in _in_parts(chunks):
        await runner.rows(WRITE_PART, key, part, data, again=False)
        part += 1
    return str(key)


async def read_content(runner: Runner, key: str) -> AsyncIterator[bytes]:
    """Yield the parts. Errors: NotFound when there is nothing under this key."""
    part = 0
    while (found := await runner.row(READ_PART, UUID(key), part)) is not None:
        yield found[0]
        part += 1
    if part == 0:
        raise NotFound("The bytes of this Binary are not here.")


async def content_size(runner: Runner, key: str) -> int | None:
    """Return the number of bytes under a key, without reading them, or None."""
    found = await runner.row(SIZE, UUID(key))
    return None if found is None else found[0]


def key_at(age: timedelta) -> UUID:
    """Return the least key of an instant, so long ago: what was stored before has a lesser one."""
    return UUID(int=int((datetime.now(UTC) - age).timestamp() * 1000) << 80)


async def delete_orphans(runner: Runner, after: UUID, before: UUID) -> int:
    """Remove the bytes between two keys that no version refers to, an upload that broke off for instance.

    Shape   how many keys.
    """
    gone = 0
    while keys := [key for (key,) in await runner.rows(OLD, after, before, LOOKED_AT)]:
        async with runner.transaction() as inside:
            found = await inside.row(DELETE_ORPHANS, keys)
        gone += 0 if found is None else int(found[0])
        after = keys[-1]
    return gone


async def _in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the same bytes in parts of PART_BYTES, one part even when there is no byte."""
    waiting = bytearray()
    any_part = False
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PART_BYTES:
            any_part = True
            yield bytes(waiting[:PART_BYTES])
            del waiting[:PART_BYTES]
    if waiting or not any_part:
        yield bytes(waiting)
