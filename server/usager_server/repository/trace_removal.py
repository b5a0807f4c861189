"""Old traces removed by the month: a partition is replaced by one that holds the traces of versions alone.

The owner of the tables alone can: to the roles that serve, and to every statement, traces stay for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain

import asyncpg

from usager_server.errors import Conflict
from usager_server.repository.connections import Connection
from usager_server.traces.provenance import ACTIVITIES
from usager_server.traces.record import row_at

DONE = "traces of versions only"
TABLES = ("trace", "trace_patient")

MONTHS = """
SELECT substring(c.relname FROM 7) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'public.trace'::regclass AND c.relname ~ '^trace_[0-9]{4}_[0-9]{2}$'
AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM $1
ORDER BY 1
"""
# What `is_of_version` of `traces/provenance.py` says.
KEPT = "kind IN ('{}') AND version IS NOT NULL AND outcome = 0".format("', '".join(ACTIVITIES))
POLICY = "(tenant = (SELECT nullif(current_setting('app.tenant', true), '')::int))"


async def months_before(connection: Connection, first: date) -> list[date]:
    """Return the months, all of them before `first`, whose traces are still whole."""
    found = [date.fromisoformat(f"{name.replace('_', '-')}-01") for (name,) in await connection.fetch(MONTHS, DONE)]
    return [month for month in found if month < first]


async def remove(connection: Connection, months: Sequence[date], archived: Mapping[int, int]) -> dict[int, int]:
    """Remove the traces of some months, but those of versions, and return how many of each tenant.

    Shape   connection is the owner's, in a transaction. archived: the last link of each tenant whose trace is in an
            archive. The links stay, all of them.
    Time    the rows that stay are copied while others write; then nobody may for an instant.
    Errors  Conflict when a trace would go that is in no archive, or somebody holds the table: nothing is removed.
    """
    gone = dict.fromkeys(archived, 0)
    await connection.execute("SET LOCAL lock_timeout = '5s'")
    for month in months:
        for statement in _prepared(month):
            await connection.execute(statement)
        for tenant, seq in archived.items():
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant))
            gone[tenant] += await _copied(connection, month, seq)
        for statement in _walled(month):
            await connection.execute(statement)
    try:
        for statement in chain.from_iterable(map(_replaced, months)):
            await connection.execute(statement)
    except asyncpg.LockNotAvailableError as error:
        raise Conflict("Somebody has read or written traces for over 5 s: nothing was removed; try again") from error
    return gone


async def _copied(connection: Connection, month: date, seq: int) -> int:
    """Copy what stays of a month of one tenant, and return how many traces do not."""
    old, kept, old_met, kept_met = (f"{_name(base, month)}{end}" for base in TABLES for end in ("", "_kept"))
    linked = f"SELECT FROM trace_link AS l WHERE l.tenant = o.tenant AND l.row = o.row AND l.seq <= {seq:d}"
    loose = await connection.fetchval(f"SELECT count(*) FROM {old} AS o WHERE NOT EXISTS ({linked})")
    if loose:
        raise Conflict(f"{loose} traces of {month:%Y-%m} are in no archive: nothing was removed")
    total: int = await connection.fetchval(f"SELECT count(*) FROM {old}")
    done = await connection.execute(f"INSERT INTO {kept} SELECT * FROM {old} WHERE {KEPT}")
    await connection.execute(
        f"INSERT INTO {kept_met} SELECT o.* FROM {old_met} AS o"
        f" WHERE EXISTS (SELECT FROM {kept} AS k WHERE k.tenant = o.tenant AND k.row = o.row)"
    )
    return total - int(done.rpartition(" ")[2])


def _prepared(month: date) -> Iterator[str]:
    """Yield what makes the tables that take the place of a month; their bounds spare a look at each row later."""
    low, high = _bounds(month)
    for base in TABLES:
        new = f"{_name(base, month)}_kept"
        yield f"CREATE TABLE {new} (LIKE {base} INCLUDING ALL, CONSTRAINT within CHECK (row >= {low} AND row < {high}))"


def _walled(month: date) -> Iterator[str]:
    """Yield what puts them behind the walls that every partition has."""
    for base in TABLES:
        new = f"{_name(base, month)}_kept"
        yield f"ALTER TABLE {new} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        yield f"CREATE POLICY tenant ON {new} USING {POLICY}"
        yield f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {new} EXECUTE FUNCTION refuse_change()"
        yield f"COMMENT ON TABLE {new} IS '{DONE}'"


def _replaced(month: date) -> Iterator[str]:
    low, high = _bounds(month)
    for base in TABLES:
        name = _name(base, month)
        yield f"ALTER TABLE {base} DETACH PARTITION {name}"
        yield f"DROP TABLE {name}"
        yield f"ALTER TABLE {name}_kept RENAME TO {name}"
        yield f"ALTER TABLE {base} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})"
        yield f"ALTER TABLE {name} DROP CONSTRAINT within"


def _bounds(month: date) -> tuple[int, int]:
    return first_row_of(month), first_row_of(month_after(month))


def first_row_of(day: date) -> int:
    """Return the least row number of a day, UTC."""
    return row_at((day - date(1970, 1, 1)).days * 86_400_000_000)


def month_after(month: date, count: int = 1) -> date:
    """Return the first day of a month so many months later, or earlier."""
    months = month.year * 12 + month.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def _name(base: str, month: date) -> str:
    return f"{base}_{month:%Y_%m}"
