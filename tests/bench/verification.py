"""`python -m tests.bench.verification`: 100,000 identities due at once, verified at INSi in lots, in steady memory.

A durable embedded PostgreSQL with people whose INS is five years old, the stand-in of INSi, the job of `usager worker`
in this process. What is printed tells identities a second and the memory of this process as it goes.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from tests.bench.bulk import copy_resources, database_url, settle
from tests.bench.population import Resource
from tests.live import LiveServer
from usager_server.identity import words
from usager_server.identity.events import Retrieved
from usager_server.identity.matricule import NIR, key_of
from usager_server.identity.traits import Traits, with_traits
from usager_server.identity.transitions import apply
from usager_server.jobs.verifying_identities import VerifyingIdentities
from usager_server.jobs.workplace import Workplace
from usager_server.national.insi.sandbox import stand_in
from usager_server.repository.connections import Connections
from usager_server.sandbox.running import Sandbox
from usager_server.settings import Settings

LONG_AGO = "2021-03-01T08:00:00.000Z"
SHOWN_EVERY = 5_000


def people(first: int, last: int) -> Iterator[Resource]:
    """Yield Patients whose INS came from INSi five years ago, both ends included."""
    for number in range(first, last + 1):
        body = f"27512{number:08d}"
        name = "".join(chr(ord("A") + int(digit)) for digit in str(number))
        traits = Traits(f"DUPONT {name}", "ANNE", "ANNE MARIE", "F", "1975-12-31", birth_place="63220")
        retrieved = Retrieved(body + key_of(body), NIR, traits, (), LONG_AGO, "WS_INS2", f"uuid:{number}")
        made = apply(with_traits({"resourceType": "Patient", "active": True}, traits), retrieved)
        assert isinstance(made, dict)
        yield made | {"id": f"v{number}", "meta": {"profile": [words.PATIENT]}}


def memory_mb() -> tuple[float, float]:
    """Return the resident memory of this process, now and at its highest."""
    return psutil.Process().memory_info().rss / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


async def verify(url: str, sandbox: Sandbox, folder: Path, count: int) -> None:
    """Verify, and print as it goes how many were, after how many seconds, and the memory."""
    known = {name: value for name, value in sandbox.settings.items() if name in Settings.model_fields}
    settings = Settings(**{**known, "data_dir": folder, "insi_batch_from": 100, "log_level": "warning"})
    connections = Connections(url, size=6, statement_timeout_seconds=600)
    place, job = Workplace(settings, connections), VerifyingIdentities()
    done, shown, began = 0, 0, time.monotonic()
    while done < count:
        done += await job.verify(place)
        if done - shown >= SHOWN_EVERY or done >= count:
            shown, seconds, (now, peak) = done, time.monotonic() - began, memory_mb()
            print(f"{done:>9,} verified  {seconds:6.0f} s  {done / seconds:4.0f}/s  {now:4.0f} MB, at most {peak:.0f}")
    await connections.close()


def run(folder: Path, count: int) -> None:
    """Fill and verify."""
    server = LiveServer(folder, log_level="warning").start()
    try:
        owner = database_url(server, "postgres")
        asyncio.run(copy_resources(owner, people(1, count)))
        asyncio.run(settle(owner))
        with Sandbox([stand_in]) as sandbox:
            seed = {"knows_all": True, "lot_waits": 0}
            httpx.put(f"{sandbox.control_url}/{stand_in.name}/seed", json=seed).raise_for_status()
            asyncio.run(verify(database_url(server, "usager_app"), sandbox, folder, count))
    finally:
        server.stop()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.verification", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usager-bench-") as folder:
        Path(folder).chmod(0o755)
        run(Path(folder), arguments.people)


if __name__ == "__main__":
    main()
