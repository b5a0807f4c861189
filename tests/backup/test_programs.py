"""PostgreSQL's programs: the right version or a clear word, and no password where everyone sees it."""

import os
from pathlib import Path

import pytest

from usager_server.backup import programs
from usager_server.backup.errors import BackupFailed, BackupRefused
from usager_server.backup.programs import Programs, find_programs, without_password
from usager_server.repository.embedded import wheel_binaries


@pytest.mark.parametrize(
    ("url", "address", "password"),
    [
        ("postgresql://u:p%40ss@h:5/d?sslmode=require", "postgresql://u@h:5/d?sslmode=require", "p@ss"),
        ("postgresql://u@/d?host=%2Ftmp%2Fx&password=hush", "postgresql://u@/d?host=%2Ftmp%2Fx", "hush"),
        ("postgresql://u@h/d", "postgresql://u@h/d", None),
        ("postgresql:///d?host=%2Ftmp", "postgresql:///d?host=%2Ftmp", None),
    ],
)
def test_a_password_is_taken_out_of_the_address(url: str, address: str, password: str | None) -> None:
    assert without_password(url) == (address, password)


def test_the_embedded_server_has_its_own_programs() -> None:
    assert find_programs(18, most=18, embedded=True).folder == wheel_binaries()


def test_a_version_that_is_not_here_is_told_with_those_that_are() -> None:
    with pytest.raises(BackupRefused, match=r"PostgreSQL 99 are not here \(found: .*18 in .*postgresql-client-99"):
        find_programs(99, most=99, embedded=False)


def test_programs_that_speak_no_tls_are_not_taken_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "FOLDERS", ())
    here = find_programs(18, most=18, embedded=False, url="postgresql://usager_backup@localhost/usager")
    assert here.folder == wheel_binaries()
    with pytest.raises(BackupRefused, match=r"found: none.*install them, on Debian postgresql-client-18"):
        find_programs(18, most=18, embedded=False, url="postgresql://b@db.example/u?sslmode=verify-full&sslrootcert=/f")


def test_a_program_that_fails_is_told_by_its_first_complaint() -> None:
    with Programs(wheel_binaries(), 18).reading() as reader:
        os.write(reader.input.fileno(), b"PGDMP" + bytes(100))
        with pytest.raises(BackupFailed, match=r"^pg_restore: error: "):
            reader.end()


def test_the_password_is_not_among_the_arguments(tmp_path: Path) -> None:
    fake = tmp_path / "pg_dump"
    fake.write_text('#!/bin/sh\necho "$@"; echo "PGPASSWORD=$PGPASSWORD"\n')
    fake.chmod(0o755)
    with Programs(tmp_path, 18).dumping("postgresql://u:hush@h/d", "0-1") as dump:
        words, environment = dump.output.read().decode().splitlines()
        dump.end()
    assert "hush" not in words and "--snapshot=0-1" in words
    assert environment == "PGPASSWORD=hush"
