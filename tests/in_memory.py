"""Where a run leaves its files: in memory where there is room, since a run makes a thousand databases."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from usager_server.repository.cluster_files import held_lock, only_user

MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 * 2**30
NAME = "usager-run-"
LOCK = "use.lock"
YOUNG_SECONDS = 60  # its run may not hold its lock yet


def pytest_configure(config: pytest.Config) -> None:
    """Have the temporary files of this run, and of all that it starts, in memory, unless somebody said where to.

    On a disk a copy of the template takes two to seven times as long, and every server that a test starts waits for
    its own database. TMPDIR or --basetemp keeps them out of memory.
    """
    is_told = "TMPDIR" in os.environ or config.option.basetemp
    if is_told or hasattr(config, "workerinput") or not has_room(MEMORY):
        return
    remove_stale(MEMORY)
    folder = Path(tempfile.mkdtemp(prefix=NAME, dir=MEMORY))
    folder.chmod(0o711)  # the embedded database does not run as root, and comes through
    lock = held_lock(folder / LOCK)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    config.option.basetemp = folder / "pytest"
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.add_cleanup(lock.close)


def has_room(memory: Path) -> bool:
    """Tell whether a run fits there, and whether programs may be started from there."""
    try:
        found = os.statvfs(memory)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ROOM_BYTES and not found.f_flag & os.ST_NOEXEC


def remove_stale(memory: Path) -> None:
    """Remove what a run left that was killed."""
    for folder in memory.glob(f"{NAME}*"):
        with suppress(FileNotFoundError):  # another run that begins removes it too
            is_young = time.time() - folder.stat().st_mtime < YOUNG_SECONDS
            if not is_young and only_user(folder / LOCK):
                shutil.rmtree(folder, ignore_errors=True)
