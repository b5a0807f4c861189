"""Reading one version or several, each in one round trip."""

from collections.abc import Sequence
from typing import Any

from usager_server.repository import Stamp, Stored
from usager_server.repository.codes import METHODS, REVIVED
from usager_server.repository.running import Runner

LARGEST_VERSION = 2**31 - 1

# LATERAL … LIMIT: the tenant is set before the block that needs it runs, and the block cannot be flattened (ADR 0004).
READ = """
SELECT r.version, r.last_updated, r.method, r.document, r.content
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, LATERAL (
    SELECT version, last_updated, method, document, content FROM resource
    WHERE tenant = t.tenant AND type = $2 AND id = $3 LIMIT 1
) AS r
"""

READ_MANY = """
SELECT r.type, r.id, r.version, r.last_updated, r.method, r.document, r.content
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t,
unnest($2::text::smallint[], $3::text[]) AS wanted(type, id), LATERAL (
    SELECT type, id, version, last_updated, method, document, content FROM resource
    WHERE tenant = t.tenant AND type = wanted.type AND id = wanted.id LIMIT 1
) AS r
"""

# A superseded version lies in the month it was made in: after the resource's row number, before its current version.
# The days around allow for clocks that differ.
VREAD = """
SELECT v.version, v.last_updated, v.method, v.document, v.content
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, LATERAL (
    SELECT row, version, last_updated, method, document, content FROM resource
    WHERE tenant = t.tenant AND type = $2 AND id = $3 LIMIT 1
) AS r, LATERAL (
    SELECT r.version, r.last_updated, r.method, r.document, r.content WHERE r.version = $4
    UNION ALL
    (SELECT h.version, h.last_updated, h.method, h.document, h.content FROM history AS h
     WHERE r.version > $4 AND h.tenant = t.tenant AND h.type = $2 AND h.id = $3 AND h.version = $4
     AND h.last_updated >= to_timestamp((r.row >> 22) / 1000.0 + 1577836800) - interval '1 day'
     AND h.last_updated <= r.last_updated + interval '1 day' LIMIT 1)
) AS v
"""

VREAD_MANY = """
SELECT w.type, w.id, v.version, v.last_updated, v.method, v.document, v.content
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t,
unnest($2::text::smallint[], $3::text[], $4::text::int[]) AS w(type, id, version), LATERAL (
    SELECT row, version, last_updated, method, document, content FROM resource
    WHERE tenant = t.tenant AND type = w.type AND id = w.id LIMIT 1
) AS r, LATERAL (
    SELECT r.version, r.last_updated, r.method, r.document, r.content WHERE r.version = w.version
    UNION ALL
    (SELECT h.version, h.last_updated, h.method, h.document, h.content FROM history AS h
     WHERE r.version > w.version AND h.tenant = t.tenant AND h.type = w.type AND h.id = w.id AND h.version = w.version
     AND h.last_updated >= to_timestamp((r.row >> 22) / 1000.0 + 1577836800) - interval '1 day'
     AND h.last_updated <= r.last_updated + interval '1 day' LIMIT 1)
) AS v
"""

# Versions only grow, so that their sum does with every write; the instant tells apart a write that was rolled back.
STAMP = """
SELECT s.versions, s.last_updated
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, LATERAL (
    SELECT coalesce(sum(version), 0)::bigint AS versions, max(last_updated) AS last_updated FROM resource
    WHERE tenant = t.tenant AND type = ANY ($2::text::smallint[])
) AS s
"""


async def read(runner: Runner, resource_type: str, type_number: int, resource_id: str) -> Stored | None:
    """Return the current version, a deletion included."""
    found = await runner.row(READ, type_number, resource_id)
    return None if found is None else stored(resource_type, resource_id, tuple(found))


async def vread(runner: Runner, resource_type: str, type_number: int, resource_id: str, version: int) -> Stored | None:
    """Return one version, current or superseded."""
    found = await runner.row(VREAD, type_number, resource_id, version)
    return None if found is None else stored(resource_type, resource_id, tuple(found))


async def read_many(
    runner: Runner, references: Sequence[tuple[str, str]], numbers: dict[str, int]
) -> dict[tuple[str, str], Stored]:
    """Return the current versions of those that exist."""
    wanted = [(kind, key) for kind, key in dict.fromkeys(references) if kind in numbers]
    if not wanted:
        return {}
    names = {numbers[kind]: kind for kind, _ in wanted}
    types = ",".join(str(numbers[kind]) for kind, _ in wanted)
    found = await runner.rows(READ_MANY, f"{{{types}}}", [key for _, key in wanted])
    return {(names[number], key): stored(names[number], key, row) for number, key, *row in found}


async def vread_many(
    runner: Runner, versions: Sequence[tuple[str, str, int]], numbers: dict[str, int]
) -> dict[tuple[str, str, int], Stored]:
    """Return those of these versions that exist, current or superseded."""
    wanted = [each for each in dict.fromkeys(versions) if each[0] in numbers and 0 < each[2] <= LARGEST_VERSION]
    if not wanted:
        return {}
    names = {numbers[kind]: kind for kind, _, _ in wanted}
    types = ",".join(str(numbers[kind]) for kind, _, _ in wanted)
    asked = ",".join(str(version) for _, _, version in wanted)
    found = await runner.rows(VREAD_MANY, f"{{{types}}}", [key for _, key, _ in wanted], f"{{{asked}}}")
    return {(names[number], key, row[0]): stored(names[number], key, row) for number, key, *row in found}


async def stamp(runner: Runner, type_numbers: Sequence[int]) -> Stamp:
    """Return what every write to a resource of these types changes."""
    found = await runner.row(STAMP, f"{{{','.join(map(str, type_numbers))}}}")
    return (0, None) if found is None else (found["versions"], found["last_updated"])


def stored(resource_type: str, resource_id: str, columns: Sequence[Any]) -> Stored:
    """Return a version from its columns: version, last_updated, method, document, content."""
    version, last_updated, method, document, content = columns
    key = None if content is None else str(content)
    return Stored(resource_type, resource_id, version, last_updated, document, METHODS[method], key, method > REVIVED)
