"""`python -m tests.bench.indicators`: what the dashboard of identities costs among 100,000 persons.

A durable embedded PostgreSQL; people in turns of every status, staying in one of 400 structures; for each, some traces
of this month and a call of INSi. The table tells the median of the answers of the server, in milliseconds.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from tests.bench.bulk import build_indexes, copy_resources, database_url, settle, without_indexes
from tests.bench.population import Resource
from tests.live import LiveServer
from usager_server.identity import words
from usager_server.identity.events import DeviceChecked, Entered, Retrieved
from usager_server.identity.matricule import NIR, key_of
from usager_server.identity.traits import Traits, with_traits
from usager_server.identity.transitions import apply
from usager_server.traces.record import row_at

STRUCTURES, ROUNDS = 400, 5
MONTH = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
TRACES = """
INSERT INTO trace (tenant, row, outcome, kind, subject, type, id, patient, body)
SELECT 1, $1 + (n * $2) * 4194304 + n % 1000000, 0, $3, 'bench', 'Patient', 'v' || (1 + n % $4), 'v' || (1 + n % $4), $5
FROM generate_series(1, $6::bigint) AS n
"""
EXCHANGE = {
    "request": "bench",
    "detail": {
        "service": "INSi", "direction": "out", "operation": "rechercherInsAvecTraitsIdentite",
        "message": "uuid:00000000-0000-0000-0000-000000000000", "code": "00", "mode": "certificate",
    },
}  # fmt: skip


def resources(count: int) -> Iterator[Resource]:
    """Yield the structures, then each person and their stay."""
    for number in range(STRUCTURES):
        yield {"resourceType": "Organization", "id": f"s{number}", "name": f"Foyer {number}"}
    for number in range(1, count + 1):
        yield person(number)
        yield {
            "resourceType": "EpisodeOfCare",
            "id": f"e{number}",
            "status": "active",
            "patient": {"reference": f"Patient/v{number}"},
            "managingOrganization": {"reference": f"Organization/s{number % STRUCTURES}"},
            "period": {"start": f"{MONTH.year - 1}-{1 + number % 12:02d}-15"},
        }


def person(number: int) -> Resource:
    """Return a Patient of the status whose turn it is, reached this month."""
    body, moment = f"27512{number:08d}", f"{MONTH:%Y-%m}-01T08:00:00.000Z"
    traits = Traits(f"DUPONT {number}", "ANNE", "ANNE MARIE", "F", "1975-12-31", birth_place="63220")
    made = with_traits({"resourceType": "Patient", "active": True}, traits)
    events = [Entered(moment)]
    if number % 4 > 1:
        events.append(Retrieved(body + key_of(body), NIR, traits, (), moment, "WS_INS2", f"uuid:{number}"))
    if number % 2:
        events.append(DeviceChecked("PA", moment[:10], moment))
    for event in events:
        after = apply(made, event)
        assert isinstance(after, dict)
        made = after
    return made | {"id": f"v{number}", "meta": {"profile": [words.PATIENT]}}


async def fill(url: str, count: int) -> None:
    """Store the people, their traces (two changes, six reads) and a call of INSi each."""
    indexes = await without_indexes(url)
    await copy_resources(url, resources(count))
    await build_indexes(url, indexes)
    connection = await asyncpg.connect(url)
    first, span = row_at(int(MONTH.timestamp() * 1e6)), int((datetime.now(UTC) - MONTH).total_seconds() * 1000)
    kinds = (("update", 2, "{}"), ("read", 6, "{}"), ("national-exchange", 1, json.dumps(EXCHANGE)))
    for rank, (kind, many, body) in enumerate(kinds):
        number = count * many
        await connection.execute(
            TRACES, first + rank * 1_000_000, span // number, kind, count, body, number, timeout=None
        )
    await connection.execute(
        "INSERT INTO insi_watch (tenant, patient, version, verified, due, is_nia)"
        " SELECT 1, 'v' || n, 1, now(), now() + (n % 100 - 5) * interval '1 day', false"
        " FROM generate_series(1, $1::int) AS n WHERE n % 4 > 1",
        count,
    )
    await connection.close()
    await settle(url)


def milliseconds(server: LiveServer, subject: str) -> float:
    """Return how long the report takes, the median of some."""
    asked = f"periodStart={MONTH:%Y-%m}&periodEnd={MONTH:%Y-%m}{subject}"
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{server.base}/Measure/tbb-ins/$evaluate-measure?{asked}") as answer:  # noqa: S310
            report = json.load(answer)
        taken.append((time.perf_counter() - began) * 1000)
    assert len(report["group"]) == 6
    return statistics.median(taken)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.indicators", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    arguments = parser.parse_args()
    table = Table("persons", "report about", "ms")
    with tempfile.TemporaryDirectory(prefix="usager-bench-") as folder:
        Path(folder).chmod(0o755)
        with LiveServer(Path(folder), log_level="warning", audit="on").start(timeout_seconds=300) as server:
            asyncio.run(fill(database_url(server, "postgres"), arguments.people))
            for name, subject in (("one structure", "&subject=Organization/s7"), ("all", "")):
                table.add_row(f"{arguments.people:,}", name, f"{milliseconds(server, subject):,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
