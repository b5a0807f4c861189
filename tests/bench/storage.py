"""What the store costs without HTTP, against pgbench on the same rows: `python -m tests.bench.storage`."""

import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import uvloop

from tests.bench.pgbench import CREATE, READ
from tests.bench.population import Person, dumps, patient
from usager_server.definitions import load
from usager_server.jsontext import parse_json
from usager_server.repository import Draft
from usager_server.repository.connections import Connections
from usager_server.repository.drafts import draft
from usager_server.repository.embedded import EmbeddedPostgres, wheel_binaries
from usager_server.repository.migrating import migrate
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.search.parameters import SearchRegistry

PERSONS, CLIENTS, PGBENCH_SECONDS = 2000, 8, 4
RAW_READ = """
\\set number random(1, {persons})
SELECT document FROM resource WHERE tenant = 1 AND type = {type} AND id = 'p' || :number;
"""
TYPED_CREATE = CREATE.replace("-:row", "-(:row::bigint)").replace("|| :row", "|| :row::bigint")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds of one act, in the database and in Python."""

    name: str
    database: float
    python: float


class Database:
    """A durable cluster for this run, and what it has spent."""

    def __init__(self, folder: Path) -> None:
        self.cluster = EmbeddedPostgres(folder)
        self.cluster.start()
        asyncio.run(migrate(self.cluster.url()))

    def spent(self) -> float:
        """Return the CPU seconds of all the server's processes, those that ended included."""
        server = psutil.Process(self.cluster.pid())
        times = server.cpu_times()
        total = float(times.user + times.system + times.children_user + times.children_system)
        for child in server.children(recursive=True):
            try:
                total += sum(child.cpu_times()[:2])
            except psutil.NoSuchProcess:  # counted with the children that ended
                continue
        return total


async def measured(name: str, database: Database, act: Callable[[int], Awaitable[Any]], times: int) -> Cost:
    """Return the cost of an act done `times` by as many clients as pgbench has."""
    for number in range(50):
        await act(number)
    numbers = iter(range(times))

    async def client() -> None:
        for number in numbers:
            await act(number)

    database_before, python_before = database.spent(), time.process_time()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    python = time.process_time() - python_before
    return Cost(name, (database.spent() - database_before) / times * 1e3, python / times * 1e3)


def pgbench(name: str, database: Database, script: str, user: str) -> Cost:
    """Return the cost of a pgbench script."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script.format(persons=PERSONS, type=load().type_numbers["Patient"]).strip() + "\n")
        file.flush()
        options = ["-n", "-M", "prepared", "-c", f"{CLIENTS}", "-T", f"{PGBENCH_SECONDS}", "-f", file.name]
        before = database.spent()
        command = [str(wheel_binaries() / "pgbench"), *options, database.cluster.url(user)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"actually processed: ([1-9]\d*)", done.stdout)
    if found is None:
        raise RuntimeError(done.stderr)
    time.sleep(0.5)  # until the server has counted its backends that ended
    return Cost(name, (database.spent() - before) / int(found[1]) * 1e3, 0.0)


async def store_costs(database: Database) -> list[Cost]:
    """Return what the interactions cost in the store, drafts made beforehand."""
    definitions = load()
    registry = SearchRegistry(definitions)
    connections = Connections(database.cluster.url("usager_app"), size=CLIENTS)
    repository: PostgresRepository = PostgresStore(connections, definitions.type_numbers).repository(1)
    trees = [parse_json(dumps(patient(Person(number))).encode()) for number in range(PERSONS + 50)]

    def drafts(prefix: str, method: str, **changed: Any) -> list[Draft]:
        return [
            draft(tree | changed, f"{prefix}{n}", tenant=1, now=datetime.now(UTC), registry=registry, method=method)
            for n, tree in enumerate(trees)
        ]

    first, again, changed = drafts("p", "POST"), drafts("q", "POST"), drafts("p", "PUT", language="fr")
    fresh, reused = iter(first), iter(again)
    costs = [
        await measured("create, new names", database, lambda _: repository.create([next(fresh)]), PERSONS),
        await measured("create, known names", database, lambda _: repository.create([next(reused)]), PERSONS),
        await measured("read", database, lambda n: repository.read("Patient", f"p{n % PERSONS}"), 5 * PERSONS),
        await measured("update", database, lambda n: repository.update(changed[n]), PERSONS),
        await measured("vread, superseded", database, lambda n: repository.vread("Patient", f"p{n}", 1), PERSONS),
    ]
    await connections.close()
    return costs


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder))
        costs = uvloop.run(store_costs(database))
        costs += [
            pgbench("pgbench: read without wall", database, RAW_READ, "postgres"),
            pgbench("pgbench: read", database, READ, "usager_app"),
            pgbench("pgbench: create", database, TYPED_CREATE, "usager_app"),
        ]
        database.cluster.stop()
    for cost in costs:
        print(f"{cost.name:28} database {cost.database:.3f} ms   python {cost.python:.3f} ms")


if __name__ == "__main__":
    main()
