"""The folder in memory of a run: only where it fits, and none left of a run that was killed."""

import os
from pathlib import Path

from tests.in_memory import LOCK, NAME, has_room, remove_stale
from usager_server.repository.cluster_files import held_lock


def old_folder(memory: Path, name: str) -> Path:
    """Return the folder of a run that began a day ago."""
    folder = memory / f"{NAME}{name}"
    folder.mkdir()
    (folder / LOCK).touch()
    os.utime(folder, (1, 1))
    return folder


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path):
    left, used, of_others = old_folder(tmp_path, "left"), old_folder(tmp_path, "used"), tmp_path / "others"
    of_others.mkdir()
    (tmp_path / f"{NAME}young").mkdir()
    with held_lock(used / LOCK):
        remove_stale(tmp_path)
    assert not left.exists()
    assert sorted(it.name for it in tmp_path.iterdir()) == ["others", f"{NAME}used", f"{NAME}young"]


def test_there_is_no_room_where_there_is_no_memory(tmp_path):
    assert not has_room(tmp_path / "nowhere")
