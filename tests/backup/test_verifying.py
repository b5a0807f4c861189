"""What is wrong with a backup, a key or a disk is told in one line with an exit code, and nothing is done by half."""

import fcntl
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from math import inf
from pathlib import Path

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.backup.conftest import settings_of
from tests.conftest import Database
from usager_server.backup.keys import make_key, read_keys
from usager_server.backup.limits import MANIFEST_LIMIT_BYTES
from usager_server.backup.making import Made
from usager_server.backup.manifest import NAME, manifest_text
from usager_server.backup.parts import Part, write_part
from usager_server.backup.shelf import SUMS, Shelf, write_sums
from usager_server.backup.verifying import DATABASE, verify_sums
from usager_server.cli import app
from usager_server.settings import Settings

DONE, FAILED, WRONG_USE, NO_DATABASE, DAMAGED = 0, 1, 2, 3, 4


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as variables."""
    names = ("database_url", "backup_database_url", "data_dir", "backup_folder", "backup_key_file", "backups_kept")
    return {f"USAGER_{name.upper()}": str(getattr(settings, name)) for name in names}


def usager(settings: Settings, *words: str) -> Result:
    """Type a command."""
    return CliRunner(env=environment(settings)).invoke(app, list(words))


@pytest.fixture
def copy(kept: tuple[Settings, Made], tmp_path: Path) -> tuple[Settings, Path]:
    """A copy of the backup, to spoil."""
    settings, made = kept
    return settings, Path(shutil.copytree(made.path, tmp_path / made.path.name))


def test_a_whole_backup_is_told_with_what_it_is_of(kept: tuple[Settings, Made]) -> None:
    settings, made = kept
    done = usager(settings, "backup", "verify", str(made.path))
    assert done.exit_code == DONE, done.output
    assert "whole;" in done.output and "schema" in done.output


def test_anyone_can_verify_the_sums_without_usager(kept: tuple[Settings, Made]) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=kept[1].path, check=True, stdout=subprocess.DEVNULL)


def test_nothing_in_it_can_be_read(kept: tuple[Settings, Made]) -> None:
    for part in kept[1].path.iterdir():
        assert b"Durand" not in part.read_bytes() and b"PGDMP" not in part.read_bytes()
    assert kept[1].path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("part", [DATABASE, NAME, SUMS])
@pytest.mark.parametrize("where", [0.0, 0.5, 0.99])
def test_an_altered_byte_is_found(copy: tuple[Settings, Path], part: str, where: float) -> None:
    settings, backup = copy
    content = bytearray((backup / part).read_bytes())
    content[int(len(content) * where)] ^= 1
    (backup / part).write_bytes(content)
    assert usager(settings, "backup", "verify", str(backup)).exit_code == DAMAGED
    assert usager(settings, "restore", "--drill", str(backup)).exit_code == DAMAGED


@pytest.mark.parametrize("kept_bytes", [0, 1000, -1, -(1 << 16)])
def test_a_file_that_was_cut_short_is_found_even_when_its_sum_agrees(
    copy: tuple[Settings, Path], kept_bytes: int
) -> None:
    settings, backup = copy
    (backup / DATABASE).write_bytes((backup / DATABASE).read_bytes()[:kept_bytes])
    done = usager(settings, "backup", "verify", str(backup))
    assert (done.exit_code, "cut short" in done.stderr) == (DAMAGED, True)
    _write_sums_anew(backup)
    assert usager(settings, "backup", "verify", str(backup)).exit_code == DAMAGED
    assert usager(settings, "restore", "--drill", str(backup)).exit_code == DAMAGED


@pytest.mark.parametrize("part", [DATABASE, NAME, SUMS])
def test_a_missing_file_is_told(copy: tuple[Settings, Path], part: str) -> None:
    settings, backup = copy
    (backup / part).unlink()
    done = usager(settings, "backup", "verify", str(backup))
    assert (done.exit_code, part in done.stderr) == (DAMAGED, True)


@pytest.mark.parametrize("part", [NAME, SUMS])
def test_a_file_too_large_to_be_read_whole_is_refused(copy: tuple[Settings, Path], part: str) -> None:
    settings, backup = copy
    os.truncate(backup / part, MANIFEST_LIMIT_BYTES + 1)
    if part != SUMS:
        _write_sums_anew(backup)
    done = usager(settings, "backup", "verify", str(backup))
    assert (done.exit_code, "too large" in done.stderr) == (DAMAGED, True)


def test_what_a_killed_backup_left_is_no_backup(copy: tuple[Settings, Path]) -> None:
    settings, backup = copy
    left = backup.rename(backup.with_name(f"{backup.name}.partial"))
    for words in (("backup", "verify"), ("restore", "--drill")):
        done = usager(settings, *words, str(left))
        assert (done.exit_code, "was cut short while it was made" in done.stderr) == (DAMAGED, True)


def test_parts_of_two_backups_do_not_make_one(copy: tuple[Settings, Path]) -> None:
    settings, backup = copy
    (backup / DATABASE).unlink()
    assert settings.backup_key_file is not None
    keys = read_keys(settings.backup_key_file)
    write_part(backup / DATABASE, BytesIO(b"PGDMP another"), keys.recipients)
    _write_sums_anew(backup)
    done = usager(settings, "restore", "--drill", str(backup))
    assert (done.exit_code, "not those that its manifest names" in done.stderr) == (DAMAGED, True)


def test_a_part_that_is_replaced_after_it_was_verified_is_found(
    copy: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, backup = copy
    assert settings.backup_key_file is not None
    recipients = read_keys(settings.backup_key_file).recipients

    def verified_then_replaced(there: Path) -> dict[str, Part]:
        found = verify_sums(there)
        (there / NAME).unlink()
        write_part(there / NAME, BytesIO(b"another, for the same key"), recipients)
        return found

    monkeypatch.setattr("usager_server.backup.verifying.verify_sums", verified_then_replaced)
    monkeypatch.setattr("usager_server.backup.restoring.verify_sums", verified_then_replaced)
    for words in (("backup", "verify"), ("restore", "--drill")):
        done = usager(settings, *words, str(Path(shutil.copytree(backup, backup.parent / words[0] / backup.name))))
        assert (done.exit_code, "was replaced after it was verified" in done.stderr) == (DAMAGED, True), done.output


@pytest.mark.parametrize("part", [DATABASE, SUMS])
def test_a_pipe_is_no_part_and_nobody_waits_for_it(copy: tuple[Settings, Path], part: str) -> None:
    settings, backup = copy
    (backup / part).unlink()
    os.mkfifo(backup / part)
    done = usager(settings, "backup", "verify", str(backup))
    assert (done.exit_code, f"{part} cannot be read: it is no file" in done.stderr) == (DAMAGED, True)


def test_a_backup_of_a_later_version_is_refused(kept: tuple[Settings, Made], tmp_path: Path) -> None:
    settings, made = kept
    backup = Path(shutil.copytree(made.path, tmp_path / made.path.name))
    (backup / NAME).unlink()
    assert settings.backup_key_file is not None
    later = replace(made.manifest, schema="9999", software="9.9.9")
    write_part(backup / NAME, BytesIO(manifest_text(later)), read_keys(settings.backup_key_file).recipients)
    _write_sums_anew(backup)
    done = usager(settings, "restore", "--drill", str(backup))
    assert (done.exit_code, "made by Usager 9.9.9" in done.stderr) == (WRONG_USE, True)


def test_another_key_opens_nothing(kept: tuple[Settings, Made], tmp_path: Path) -> None:
    settings, made = kept
    make_key(tmp_path / "other")
    other = settings.model_copy(update={"backup_key_file": tmp_path / "other"})
    for words in (("backup", "verify"), ("restore", "--drill")):
        done = usager(other, *words, str(made.path))
        assert (done.exit_code, "no key of USAGER_BACKUP_KEY_FILE opens it" in done.stderr) == (WRONG_USE, True)


def test_a_machine_that_has_the_recipient_only_makes_backups_and_cannot_open_them(
    settings: Settings, tmp_path: Path
) -> None:
    recipient = usager(settings, "backup", "key", str(tmp_path / "safe")).stdout.strip()
    (tmp_path / "recipient").write_text(f"{recipient}\n")
    (tmp_path / "recipient").chmod(0o600)
    blind = settings.model_copy(update={"backup_key_file": tmp_path / "recipient"})
    assert usager(blind, "backup").exit_code == DONE
    (made,) = Shelf(tmp_path / "backups").backups()
    assert "unaltered; not opened" in usager(blind, "backup", "verify", str(made)).stdout
    assert usager(blind, "restore", "--drill", str(made)).exit_code == WRONG_USE
    seeing = settings.model_copy(update={"backup_key_file": tmp_path / "safe"})
    assert usager(seeing, "backup", "verify", str(made)).exit_code == DONE


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        ("AGE-SECRET-KEY-1NONSENSE\n", 0o600, "line 1"),
        ("# nothing\n", 0o600, "holds no key"),
        (None, 0o644, "everyone on this machine"),
    ],
)
def test_a_key_file_that_will_not_do_is_told_without_its_content(
    settings: Settings, tmp_path: Path, content: str | None, mode: int, told: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    (tmp_path / "key").chmod(mode)
    done = usager(settings, "backup")
    assert (done.exit_code, told in done.stderr) == (WRONG_USE, True)
    assert "NONSENSE" not in done.output
    assert not (tmp_path / "backups").exists()


def test_a_key_is_never_written_over(settings: Settings, tmp_path: Path) -> None:
    before = (tmp_path / "key").read_text()
    assert usager(settings, "backup", "key", str(tmp_path / "key")).exit_code == WRONG_USE
    assert (tmp_path / "key").read_text() == before


async def test_a_role_held_to_one_tenant_is_refused(database: Database, settings: Settings) -> None:
    from usager_server.backup.making import back_up
    from usager_server.errors import Unavailable

    held = settings_of(database, settings.data_dir.parent).model_copy(update={"backup_database_url": database.url})
    with pytest.raises(Unavailable, match="BYPASSRLS"):
        await back_up(held)


async def test_a_role_that_only_reads_past_the_wall_is_enough(database: Database, settings: Settings) -> None:
    from usager_server.backup.making import back_up

    role = f"reader_{database.name}"
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(f"CREATE ROLE {role} LOGIN BYPASSRLS IN ROLE pg_read_all_data")
    try:
        url = database.cluster.url(role, database.name)
        made = await back_up(settings.model_copy(update={"backup_database_url": url}))
        assert made.manifest.rows["tenant"] == 2
    finally:
        await connection.execute(f"DROP ROLE {role}")
        await connection.close()


def test_a_full_disk_leaves_no_backup_and_removes_none(kept: tuple[Settings, Made], tmp_path: Path) -> None:
    settings, made = kept
    shutil.copytree(made.path, tmp_path / "usager-20200101T000000Z")
    full = settings.model_copy(update={"backup_folder": tmp_path, "backups_kept": 1})
    done = subprocess.run(
        [str(Path(sys.executable).with_name("usager")), "backup"],
        env=environment(full) | {"PATH": os.environ["PATH"]},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "cannot be written: File too large" in done.stderr) == (FAILED, True), done.stderr
    assert [each.name for each in tmp_path.glob("usager-*")] == ["usager-20200101T000000Z"]


def test_a_second_backup_at_the_same_time_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    with (tmp_path / "backups" / ".lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = usager(settings, "backup")
    assert (done.exit_code, "another backup is being made" in done.stderr) == (WRONG_USE, True)


def test_older_ones_are_removed_once_the_new_one_is_verified(settings: Settings, tmp_path: Path) -> None:
    for year in (2020, 2021, 2022):
        (tmp_path / "backups" / f"usager-{year}0101T000000Z").mkdir(parents=True)
    (tmp_path / "backups" / "usager-20190101T000000Z.partial").mkdir()
    assert "2 older ones removed" in usager(settings.model_copy(update={"backups_kept": 2}), "backup").stdout
    names = sorted(each.name for each in (tmp_path / "backups").glob("usager-*"))
    assert len(names) == 2 and names[0] == "usager-20220101T000000Z"


def test_a_link_to_a_backup_elsewhere_goes_and_what_it_leads_to_stays(settings: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere" / "kept"
    kept.parent.mkdir()
    kept.touch()
    (tmp_path / "backups").mkdir()
    for name in ("usager-20200101T000000Z", "usager-20190101T000000Z.partial"):
        (tmp_path / "backups" / name).symlink_to(kept.parent)
    done = usager(settings.model_copy(update={"backups_kept": 1}), "backup")
    assert (done.exit_code, "1 older ones removed" in done.stdout, kept.exists()) == (DONE, True, True), done.output
    assert len(list((tmp_path / "backups").glob("usager-*"))) == 1


def test_what_no_clock_can_have_named_takes_the_place_of_no_backup(tmp_path: Path) -> None:
    shelf, now = Shelf(tmp_path), datetime(2026, 11, 27, tzinfo=UTC)
    (tmp_path / "usager-29990101T000000Z").mkdir()  # of a clock that was wrong once
    (tmp_path / "usager-20261332T000000Z").mkdir()
    (tmp_path / "usager-20261126T000000Z").touch()
    (tmp_path / "usager-20261125T000000Z").symlink_to(tmp_path / "nowhere")
    assert [each.name for each in shelf.backups()] == ["usager-29990101T000000Z"]
    assert (shelf.backups(now), shelf.age_seconds(now)) == ([], inf)
    (tmp_path / "usager-20261124T000000Z").mkdir()
    assert shelf.keep(1, now) == []
    assert [each.name for each in shelf.backups(now)] == ["usager-20261124T000000Z"]


def test_without_a_folder_or_a_role_it_says_what_is_missing(settings: Settings) -> None:
    for name in ("backup_folder", "backup_database_url", "backup_key_file"):
        lacking = {key: value for key, value in environment(settings).items() if key != f"USAGER_{name.upper()}"}
        done = CliRunner(env=lacking).invoke(app, ["backup"])
        assert (done.exit_code, f"USAGER_{name.upper()} is not set" in done.stderr) == (WRONG_USE, True)


def test_a_database_that_does_not_answer_is_told_with_3(settings: Settings, tmp_path: Path) -> None:
    dead = settings.model_copy(update={"backup_database_url": f"postgresql://postgres@/x?host={tmp_path}"})
    assert usager(dead, "backup").exit_code == NO_DATABASE


def _write_sums_anew(backup: Path) -> None:
    """Write the sums as whoever altered the files would."""
    from usager_server.backup.parts import part_of

    (backup / SUMS).unlink()
    write_sums(backup, {name: part_of(backup / name) for name in (NAME, DATABASE)})
    verify_sums(backup)
