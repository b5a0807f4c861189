"""The restore drill, as an operator does it: people write, a backup is made, all is lost, and comes back."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest

from tests.live import LiveServer

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of our own. Not one of pytest's: the embedded database, another user, cannot enter those."""
    folder = Path(tempfile.mkdtemp(prefix="usager-drill-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[LiveServer]:
    """A server with the embedded database, a key for its backups, and traces."""
    server = LiveServer(
        folder / "data",
        audit="on",
        backup_folder=str(folder / "backups"),
        backup_key_file=str(folder / "key"),
    )
    server.typed("backup", "key", str(folder / "key"))
    yield server.start()
    server.stop()


class Writer(Thread):
    """Somebody who creates Patients, one after the other, and keeps what was acknowledged, byte for byte."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[tuple[str, bytes]] = []
        self.slowest_seconds = 0.0
        self._server = server
        self._stopped = Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            created = create(self._server, {"resourceType": "Patient", "name": [{"family": f"N{began}"}]})
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            self.acknowledged.append(created)

    def stop(self) -> None:
        self._stopped.set()
        self.join(30)

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + 60
        while len(self.acknowledged) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.acknowledged) >= count


def create(server: LiveServer, resource: dict[str, Any]) -> tuple[str, bytes]:
    """Create a resource and return its reference, and its bytes as the answer held them."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.base}/{resource['resourceType']}",
        json.dumps(resource).encode(),
        {"Content-Type": "application/fhir+json", "Prefer": "return=representation"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
        content: bytes = answer.read()
    return f"{resource['resourceType']}/{json.loads(content)['id']}", content


def read(server: LiveServer, reference: str) -> bytes:
    """Return the bytes of a resource."""
    with urllib.request.urlopen(f"{server.base}/{reference}", timeout=60) as answer:  # noqa: S310 - our own server
        content: bytes = answer.read()
    return content


def started(server: LiveServer, *words: str) -> "subprocess.Popen[bytes]":
    """Start a command beside the server."""
    command = [str(Path(sys.executable).with_name("usager")), *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("USAGER_")}
    settings = {
        "USAGER_DATA_DIR": str(server.data_dir),
        "USAGER_BACKUP_FOLDER": str(server.data_dir.parent / "backups"),
        "USAGER_BACKUP_KEY_FILE": str(server.data_dir.parent / "key"),
    }
    return subprocess.Popen(command, env=environment | settings, stdout=subprocess.DEVNULL)


def killed_once(process: "subprocess.Popen[bytes]", seen: Callable[[], bool]) -> bool:
    """`kill -9` a process as soon as something is seen; tell whether it had not ended before."""
    while process.poll() is None and not seen():
        time.sleep(0.005)
    alive = process.poll() is None
    process.kill()
    process.wait()
    return alive


def children(process: "subprocess.Popen[bytes]") -> list[str]:
    """Return the names of the programs that a process runs."""
    try:
        return [child.name() for child in psutil.Process(process.pid).children()]
    except psutil.NoSuchProcess:
        return []


def backups(server: LiveServer) -> list[Path]:
    """Return what lies in the folder of the backups, newest last."""
    return sorted((server.data_dir.parent / "backups").glob("usager-*"))


@pytest.mark.requirement("SC.SSI/GEN.21.BIS")
def test_all_that_was_acknowledged_before_the_backup_comes_back_byte_for_byte(server: LiveServer) -> None:
    writer = Writer(server)
    writer.start()
    writer.wait_for(50)
    before = list(writer.acknowledged)
    server.typed("backup")
    during = len(writer.acknowledged) - len(before)
    writer.stop()
    assert during > 10 and writer.slowest_seconds < 10  # nobody waited for the backup to end
    server.kill()
    server.kill_database()
    shutil.rmtree(server.data_dir)
    assert "Restored." in server.typed("restore", str(backups(server)[-1]))
    server.start()
    assert [read(server, reference) for reference, _ in before] == [content for _, content in before]
    assert "wrong" not in server.typed("audit", "verify")


def test_a_killed_backup_is_none_and_the_next_one_clears_it_away(server: LiveServer) -> None:
    for _ in range(20):
        create(server, {"resourceType": "Patient"})
    assert killed_once(started(server, "backup"), lambda: any(backups(server)))
    assert [each.name.endswith(".partial") for each in backups(server)] == [True]
    server.typed("backup")
    assert [each.name.endswith(".partial") for each in backups(server)] == [False]
    assert "whole" in server.typed("backup", "verify", str(backups(server)[0]))


def test_a_killed_restoration_leaves_what_was_there_and_may_be_run_again(server: LiveServer) -> None:
    reference, content = create(server, {"resourceType": "Patient"})
    server.typed("backup")
    later, _ = create(server, {"resourceType": "Patient"})
    server.stop()
    restoring = started(server, "restore", "--replace", str(backups(server)[0]))
    assert killed_once(restoring, lambda: "pg_restore" in children(restoring))
    server.start()
    assert read(server, reference) == content and read(server, later)
    server.stop()
    server.typed("restore", "--replace", str(backups(server)[0]))
    assert not (server.data_dir / ".restoring").exists()
    server.start()
    assert read(server, reference) == content
    assert server.get("Patient?_total=accurate")["total"] == 1
