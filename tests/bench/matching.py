"""`python -m tests.bench.matching`: how long `Patient/$match` takes among a million persons, over HTTP, one at a time.

A real server in its own process on an embedded, durable PostgreSQL. Half of the persons share 170 family names (each is
borne by one in 340, as the commonest of France), half have two of them; 80 given names for all: more namesakes than any
real base has. Who is looked for is one of them, whose names or date suffered what people do to them; how often they are
among the ten records of the answer is printed beside the times.
"""

import argparse
import asyncio
import gc
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from tests.bench import vocabulary as words
from tests.bench.accounting import Meter
from tests.bench.bulk import build_indexes, copy_resources, database_url, settle, without_indexes
from tests.bench.population import HOSPITAL, INS_NIR, Person, Resource, patient
from tests.live import LiveServer
from usager_server.repository.ids import row_numbers

MODULE = "tests.bench.matching"
PROCESSES, WARM_UP, MERGED = 2, 30, 2_000
SETTLED_SECONDS = 5
"""After which a server has made its CapabilityStatement, which compiles all search parameters."""


def persons(first: int, last: int) -> Iterator[Resource]:
    """Yield the Patients of a range, both ends included."""
    for number in range(first, last + 1):
        yield {**patient(named(number)), "id": f"p{number}"}


def named(number: int) -> Person:
    """Return a person; one in two has a name of two parts."""
    person = Person(number)
    if number % 2:
        person.family = f"{person.family}-{person.random.choice(words.FAMILIES)}"
    return person


def _stated(person: Person) -> Resource:
    name = {"use": "official", "family": person.family, "given": [person.given]}
    born = person.birth.isoformat()
    return {"resourceType": "Patient", "name": [name], "gender": person.gender, "birthDate": born}


def _with_family(person: Person, family: str) -> Resource:
    return {**_stated(person), "name": [{"family": family, "given": [person.given]}]}


def _misspelt(person: Person) -> Resource:
    at = person.random.randrange(1, len(person.family) - 1)
    return _with_family(person, person.family[:at] + "n" + person.family[at + 1 :])


def _swapped(person: Person) -> Resource:
    return {**_stated(person), "name": [{"family": person.given, "given": [person.family]}]}


def _day_for_month(person: Person) -> Resource:
    born = person.birth
    swapped = date(born.year, born.day, born.month) if born.day <= 12 else born + timedelta(days=1)
    return {**_stated(person), "birthDate": swapped.isoformat()}


def _numbered(person: Person) -> Resource:
    identifier = next(each for each in patient(person)["identifier"] if each["system"] == INS_NIR)
    return {"resourceType": "Patient", "identifier": [{"system": INS_NIR, "value": identifier["value"]}]}


SLIPS: Mapping[str, Callable[[Person], Resource]] = {
    "as stored": _stated,
    "family misspelt": _misspelt,
    "part of the family": lambda person: _with_family(person, person.family.split("-")[0]),
    "family and given swapped": _swapped,
    "day and month, or a day": _day_for_month,
    "another birth date": lambda person: {**_stated(person), "birthDate": "1901-07-30"},
    "names alone": lambda person: {key: each for key, each in _stated(person).items() if key != "birthDate"},
    "matricule alone": _numbered,
}


def load(server: LiveServer, count: int) -> None:
    """Fill the store, its indexes taken away meanwhile."""
    url = database_url(server, "postgres")
    indexes = asyncio.run(without_indexes(url))
    share = count // PROCESSES
    commands = [
        [sys.executable, "-m", MODULE, "--fill", url, str(nth * share + 1), str((nth + 1) * share), str(nth)]
        for nth in range(PROCESSES)
    ]
    children = [subprocess.Popen(command) for command in commands]
    if sum(child.wait() for child in children):
        raise RuntimeError("the population was not loaded")
    asyncio.run(build_indexes(url, indexes))
    asyncio.run(settle(url))


def fill(url: str, first: str, last: str, nth: str) -> None:
    """Copy one share of the persons: the work of one process."""
    gc.disable()
    row_numbers.process = 1000 + int(nth)
    asyncio.run(copy_resources(url, persons(int(first), int(last))))


@dataclass(frozen=True, slots=True)
class Asked:
    """What it took to ask for some persons: milliseconds of each answer, sorted; CPU milliseconds; the share found."""

    taken: list[float]
    cpu: tuple[float, float]
    found: float

    def cells(self, floor_ms: float) -> Sequence[str]:
        """Return a line of the table; floor_ms: what `SELECT 1` takes."""
        middle, *ends = (self.taken[int(len(self.taken) * share)] for share in (0.5, 0.95, 0.99))
        times = [f"{each:.1f}" for each in (middle, *ends)]
        return [*times, f"{middle / floor_ms:.0f}", "{:.1f} + {:.1f}".format(*self.cpu), f"{self.found:.1%}"]


def ask(server: LiveServer, numbers: Sequence[int], send: Callable[[Person], httpx.Response]) -> Asked:
    """Ask for these persons; the first ones warm up."""
    taken, held = [], 0
    for number in numbers[:WARM_UP]:
        send(named(number)).raise_for_status()
    meter = Meter(server)
    for number in numbers[WARM_UP:]:
        person = named(number)
        began = time.perf_counter()
        answer = send(person)
        taken.append((time.perf_counter() - began) * 1e3)
        answer.raise_for_status()
        held += any(each["resource"]["id"] == f"p{number}" for each in answer.json().get("entry", ()))
    return Asked(sorted(taken), meter.spent().per_request_ms(len(taken)), held / len(taken))


async def floor(url: str, count: int = 2_000) -> float:
    """Return the milliseconds of a `SELECT 1` on one connection, the median."""
    connection = await asyncpg.connect(url)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        await connection.fetchval("SELECT 1")
        taken.append(time.perf_counter() - began)
    await connection.close()
    return statistics.median(taken) * 1e3


def searching(client: httpx.Client) -> Callable[[Person], httpx.Response]:
    """Return what searches for a person by their local number: what to compare with."""
    return lambda person: client.get("/Patient", params={"identifier": f"{HOSPITAL}|{person.identifier}"})


def matching(client: httpx.Client, slip: Callable[[Person], Resource]) -> Callable[[Person], httpx.Response]:
    """Return what looks for a person who suffered a slip."""

    def send(person: Person) -> httpx.Response:
        return client.post("/Patient/$match", json=slip(person))

    return send


def merging(client: httpx.Client, size: int) -> Mapping[str, float]:
    """Return the seconds that it takes to merge a record that `size` resources refer to, and to undo it."""
    source, target = (client.post("/Patient", json=_stated(named(number))).json()["id"] for number in (1, 2))
    weight = {"resourceType": "Observation", "status": "final", "code": {"text": "poids"}}
    entry = {
        "resource": {**weight, "subject": {"reference": f"Patient/{source}"}},
        "request": {"method": "POST", "url": "Observation"},
    }
    for _ in range(size // 500):
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * 500}
        client.post("/", json=bundle).raise_for_status()
    named_source = {"name": "source-patient", "valueReference": {"reference": f"Patient/{source}"}}
    named_target = {"name": "target-patient", "valueReference": {"reference": f"Patient/{target}"}}
    preview = {"name": "preview", "valueBoolean": True}
    taken = {}
    for name, address, parts in (
        ("preview", "Patient/$merge", [named_source, named_target, preview]),
        ("merge", "Patient/$merge", [named_source, named_target]),
        ("unmerge", f"Patient/{target}/$unmerge", [named_source]),
    ):
        began = time.perf_counter()
        client.post(f"/{address}", json={"resourceType": "Parameters", "parameter": parts}).raise_for_status()
        taken[name] = time.perf_counter() - began
    return taken


def measure(folder: Path, count: int, asked: int, *, is_merging: bool) -> None:
    """Load unless the folder holds the persons already, measure and print the table."""
    is_new = not (folder / "loaded").exists()
    server = LiveServer(folder, log_level="warning").start()
    table = Table(f"among {count:,} persons", "p50 ms", "p95 ms", "p99 ms", "p50 / SELECT 1", "CPU ms", "found")
    try:
        if is_new:
            load(server, count)
            (folder / "loaded").touch()
        numbers = random.Random(20261126).sample(range(1, count), asked + WARM_UP)  # noqa: S311
        time.sleep(SETTLED_SECONDS)
        floor_ms = asyncio.run(floor(database_url(server, "usager_app")))
        with httpx.Client(base_url=server.base, timeout=120) as client:
            for name, slip in SLIPS.items():
                table.add_row(name, *ask(server, numbers, matching(client, slip)).cells(floor_ms))
            table.add_row("search by local number", *ask(server, numbers, searching(client)).cells(floor_ms))
            merged = merging(client, MERGED) if is_merging else {}
    finally:
        server.stop()
    Console().print(table, f"SELECT 1: {floor_ms:.3f} ms")
    if merged:
        took = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in merged.items())
        Console().print(f"{MERGED} resources:", took)


def main() -> None:
    """Measure; in a temporary folder unless one is named, which keeps the persons for another time."""
    if sys.argv[1:2] == ["--fill"]:
        return fill(*sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m tests.bench.matching", description=__doc__)
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=300, help="persons looked for, in each way")
    parser.add_argument("--no-merge", action="store_true", help="time the finding alone")
    parser.add_argument("--folder", type=Path, help="where the database is kept")
    arguments = parser.parse_args()
    if arguments.folder is not None:
        return measure(arguments.folder, arguments.persons, arguments.asked, is_merging=not arguments.no_merge)
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), arguments.persons, arguments.asked, is_merging=not arguments.no_merge)


if __name__ == "__main__":
    main()
