"""The throw-away server: nothing of it stays, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import process_tree
from tests.sandbox.test_running import is_gone
from usager_server.conformity.errors import ConformityError
from usager_server.conformity.target import identify
from usager_server.conformity.throwaway import Throwaway

SCRIPT = """
import time
from usager_server.conformity.throwaway import Throwaway
with Throwaway([], []):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for temporary files. Not one of pytest's: the embedded database, another user, cannot enter those."""
    folder = Path(tempfile.mkdtemp(prefix="usager-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def postmasters(folder: Path) -> set[int]:
    """Return the databases that run below a folder; they are not children of the server."""
    return {int(path.read_text().splitlines()[0]) for path in folder.rglob("postmaster.pid")}


def test_it_speaks_fhir_and_wants_its_token(target):
    assert identify(target).name == "Usager"
    with pytest.raises(ConformityError, match="wants a token: give --token-file"):
        identify(type(target)(target.base_url))


def test_nothing_is_left_when_it_ends(folder, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    before = set(process_tree(os.getpid()))
    with Throwaway([], []):
        pids = (set(process_tree(os.getpid())) - before) | postmasters(folder)
        assert len(pids) == 3  # the server, its worker, its database
    assert all(is_gone(pid) for pid in pids)
    assert list(folder.iterdir()) == []


def test_nothing_runs_on_when_its_parent_is_killed(folder):
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        pids = {*process_tree(parent.pid)[1:], *postmasters(folder)}
        parent.send_signal(signal.SIGKILL)
    assert len(pids) == 3
    assert all(is_gone(pid, 30) for pid in pids)


def test_a_server_that_does_not_start_is_told_with_its_words(monkeypatch, folder):
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(ConformityError, match="papa is not an installed profile"):
        Throwaway(["papa"], []).__enter__()
    assert list(folder.iterdir()) == []
