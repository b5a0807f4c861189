"""`usager audit`: what an operator's cron relies on."""

import asyncio
import csv
import json
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Database
from tests.repository.looking import look
from usager_server.repository.postgres import PostgresRepository
from usager_server.repository.trace_links import add_links
from usager_server.repository.tracing import record
from usager_server.traces.event import Event, Origin

Usager = Callable[..., "subprocess.CompletedProcess[str]"]
ANNE, PAUL = Origin("Practitioner/anne"), Origin("Practitioner/paul")


@pytest.fixture
async def usager(repository: PostgresRepository, database: Database, tmp_path: Path) -> Usager:
    """Record four traces and return what runs `usager audit`."""
    for origin, patient in ((ANNE, "one"), (ANNE, "two"), (PAUL, "one"), (PAUL, "=two")):
        await record(repository.runner, [Event("read", origin, type="Patient", id=patient, patients=(patient,))])
    await add_links(repository.runner, 60)
    environment = {"USAGER_DATABASE_URL": database.url, "USAGER_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(Path(sys.executable).with_name("usager")), "audit", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


async def test_a_whole_chain_is_verified_with_exit_code_0(usager: Usager) -> None:
    done = await asyncio.to_thread(usager, "verify")
    assert (done.returncode, done.stdout) == (
        0,
        "tenant 1: 4 links, 0 anchors: whole\ntenant 2: 0 links, 0 anchors: whole\n",
    )


async def test_an_altered_trace_is_told_with_exit_code_1(usager: Usager, database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("SET session_replication_role = replica; UPDATE trace SET subject = 'x' WHERE id = 'two'")
    await connection.close()
    done = await asyncio.to_thread(usager, "verify", "--tenant", "1")
    assert done.returncode == 1
    assert "link 2: the trace" in done.stdout and "1 wrong" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "count"),
    [((), 4), (("--patient", "one"), 2), (("--agent", "Practitioner/anne"), 2), (("--end", "2026-01-01"), 0)],
)
async def test_traces_are_extracted(usager: Usager, arguments: tuple[str, ...], count: int) -> None:
    done = await asyncio.to_thread(usager, "export", *arguments)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    # The trace of the extraction is there before its first line.
    others = [event for event in events if event["subtype"][-1]["code"] != "traces-exported"]
    assert done.returncode == 0 and len(others) == count


async def test_a_table_for_a_spreadsheet_is_written_to_a_file(usager: Usager, tmp_path: Path) -> None:
    done = await asyncio.to_thread(usager, "export", str(tmp_path / "t.csv"), "--format", "csv", "--patient", "=two")
    assert done.returncode == 0
    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    cells = [row["patients"] for row in csv.DictReader(StringIO(text), delimiter=";")]
    assert cells == ["'=two", "'=two"]  # the extraction itself concerns that person
    assert (tmp_path / "t.csv").stat().st_mode & 0o777 == 0o600


async def test_extracting_and_verifying_are_traced(usager: Usager, database: Database) -> None:
    await asyncio.to_thread(usager, "verify", "--tenant", "1")
    await asyncio.to_thread(usager, "export", "--patient", "one")
    found = await look(
        database, "SELECT kind, patient, body::json -> 'client' #>> '{}' FROM trace ORDER BY row DESC LIMIT 2"
    )
    assert found == [
        ("traces-exported", "one", "usager audit export"),
        ("traces-verified", "", "usager audit verify"),
    ]
