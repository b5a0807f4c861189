"""The chain of traces in the database: links are added behind the writers, who never wait, and read back."""

from dataclasses import dataclass

from usager_server.repository.running import Runner, under_tenant
from usager_server.traces.chain import first_hash, link_hash
from usager_server.traces.record import BITS_BELOW_TIME, Trace

LOCK = 7310403
COLUMNS = "c.row, c.version, c.outcome, c.kind, c.subject, c.type, c.id, c.patient, c.body"
MOST_AT_ONCE = 2_000
DAY_SECONDS = 24 * 3600

HEAD = "SELECT seq, hash FROM trace_link WHERE tenant = $1::text::int ORDER BY seq DESC LIMIT 1"
LAST_ROW = "SELECT max(row) AS row FROM trace_link WHERE tenant = $1::text::int"

# A trace may be committed after others with higher numbers: what has no link is looked for from some time back.
UNLINKED = f"""
SELECT {COLUMNS} FROM trace AS c
WHERE c.tenant = $1::text::int AND c.row > $2
AND NOT EXISTS (SELECT FROM trace_link AS l WHERE l.tenant = c.tenant AND l.row = c.row)
ORDER BY c.row LIMIT $3
"""

LAST_BEFORE = "SELECT max(seq) AS seq FROM trace_link WHERE tenant = $1::text::int AND row < $2"

COUNT_UNLINKED = """
SELECT count(*) FROM trace AS c
WHERE c.tenant = $1::text::int AND c.row > $2 AND c.row < $3
AND NOT EXISTS (SELECT FROM trace_link AS l WHERE l.tenant = c.tenant AND l.row = c.row)
"""

ADD = """
INSERT INTO trace_link (tenant, seq, row, hash)
SELECT $1::text::int, d.seq, d.row, d.hash FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS d(seq, row, hash)
"""

PAGE = under_tenant(f"""
SELECT l.seq, l.row AS linked, l.hash, {COLUMNS}
FROM trace_link AS l LEFT JOIN trace AS c ON c.tenant = l.tenant AND c.row = l.row
WHERE l.tenant = t.tenant AND l.seq > $2 ORDER BY l.seq LIMIT $3
""")

FURTHER = under_tenant("""
SELECT m.row, m.patient FROM trace_patient AS m
WHERE m.tenant = t.tenant AND m.row = ANY ($2::bigint[]) AND m.patient = ANY ($3::text[])
""")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it lies in the store, with the trace it is of; None when there is no such trace any more."""

    seq: int
    row: int
    hash: bytes
    trace: Trace | None


async def add_links(runner: Runner, back_seconds: int) -> int:
    """Link the traces that have no link, at most MOST_AT_ONCE of them, and return how many.

    Shape   looked for from back_seconds before the newest that has one.
    Order   by number; one who comes late stands where it was found. Two processes wait for each other.
    """
    async with runner.transaction() as inside:
        await inside.rows(f"SELECT pg_advisory_xact_lock({LOCK}, $1::text::int)")
        head = await inside.row(HEAD)
        last = await inside.row(LAST_ROW)
        since = (last["row"] or 0) if last is not None else 0
        found = await inside.rows(UNLINKED, since - (back_seconds * 1000 << BITS_BELOW_TIME), MOST_AT_ONCE)
        seq, before = (0, first_hash(runner.tenant)) if head is None else (head["seq"], head["hash"])
        hashes = []
        for record in found:
            before = link_hash(before, runner.tenant, Trace(*record))
            hashes.append(before)
        if found:
            numbers = [*range(seq + 1, seq + 1 + len(found))]
            await inside.rows(ADD, numbers, [record["row"] for record in found], hashes)
    return len(found)


async def head_of_chain(runner: Runner) -> tuple[int, bytes] | None:
    """Return the number and the hash of the last link, None when there is none."""
    async with runner.transaction() as inside:
        found = await inside.row(HEAD)
    return None if found is None else (found["seq"], found["hash"])


async def last_link_before(runner: Runner, row: int) -> int:
    """Return the number of the last link of a trace before a row number, 0 when there is none."""
    async with runner.transaction() as inside:
        found = await inside.row(LAST_BEFORE, row)
    return 0 if found is None or found["seq"] is None else int(found["seq"])


async def links_after(runner: Runner, seq: int, count: int = MOST_AT_ONCE) -> list[Link]:
    """Return the links that follow a number, in order, each with its trace."""
    found = await runner.rows(PAGE, seq, count)
    return [
        Link(number, row, hash_, None if columns[0] is None else Trace(*columns))
        for number, row, hash_, *columns in found
    ]


async def unlinked(runner: Runner, before_row: int) -> int:
    """Return how many of the last day's traces, older than a number, have no link. Older ones leave a gap instead."""
    async with runner.transaction() as inside:
        last = await inside.row(LAST_ROW)
        since = (last["row"] or 0) if last is not None else 0
        found = await inside.row(COUNT_UNLINKED, since - (DAY_SECONDS * 1000 << BITS_BELOW_TIME), before_row)
    return 0 if found is None else int(found[0])


async def further_patients(runner: Runner, met: dict[int, list[str]]) -> set[tuple[int, str]]:
    """Return which of these (trace, further Patient) can be found by that Patient."""
    patients = sorted({patient for each in met.values() for patient in each})
    return {(row, patient) for row, patient in await runner.rows(FURTHER, list(met), patients)}
