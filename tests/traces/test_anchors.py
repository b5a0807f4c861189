"""Anchors: signed lines that follow each other."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.private_files import private_file
from usager_server.traces.anchors import Anchor, BadAnchors, Removal, add_anchors, read_anchors, signing_key
from usager_server.traces.verifying import Chain

ANCHORS = [Anchor(1, number, bytes([number]) * 32, datetime(2026, 11, number, tzinfo=UTC)) for number in range(1, 5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with four anchors, added two at a time."""
    key = signing_key(tmp_path / "key.pem")
    add_anchors(tmp_path / "anchors.txt", key, ANCHORS[:2])
    add_anchors(tmp_path / "anchors.txt", key, ANCHORS[2:])
    return tmp_path / "anchors.txt"


def test_anchors_are_read_as_they_were_signed(path: Path) -> None:
    assert read_anchors(path, signing_key(path.parent / "key.pem")) == ANCHORS


def test_what_an_anchor_says_of_a_removal_is_signed_with_it(tmp_path: Path) -> None:
    removal = Removal(1 << 60, bytes(32), "0" * 64)
    key, anchor = signing_key(tmp_path / "key.pem"), replace(ANCHORS[0], removal=removal)
    add_anchors(tmp_path / "anchors.txt", key, [anchor])
    assert read_anchors(tmp_path / "anchors.txt", key) == [anchor]


def test_a_restoration_to_before_a_removal_makes_it_void() -> None:
    removed = replace(ANCHORS[2], removal=Removal(1 << 60, b"", ""))
    back = replace(ANCHORS[1], restored=True)
    assert "begins at anchor 2" in Chain(1, [ANCHORS[0], removed]).end().begins
    voided = Chain(1, [ANCHORS[0], removed, back]).end()
    assert (voided.begins, voided.removed_before) == ("", 0)


def test_the_key_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    made = signing_key(tmp_path / "audit" / "key.pem")
    assert (tmp_path / "audit" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert signing_key(tmp_path / "audit" / "key.pem").as_dict() == made.as_dict()


def test_a_key_that_everyone_here_may_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o644)
    with pytest.raises(BadAnchors, match="everyone on this machine"):
        signing_key(tmp_path / "key.pem")


def test_no_file_is_no_anchor(tmp_path: Path) -> None:
    assert read_anchors(tmp_path / "none.txt", signing_key(tmp_path / "key.pem")) == []


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_taken_out_is_missed(path: Path, line: int) -> None:
    lines = path.read_text().splitlines()
    del lines[line]
    path.write_text("\n".join(lines))
    with pytest.raises(BadAnchors, match=f"line {line + 1}: the line before it"):
        read_anchors(path, signing_key(path.parent / "key.pem"))


def test_an_altered_line_is_found(path: Path) -> None:
    text = path.read_text()
    header, payload, rest = text.partition(".")[0], text.split(".")[1], text.split(".", 2)[2]
    path.write_text(f"{header}.{payload[:-4]}AAAA.{rest}")
    with pytest.raises(BadAnchors, match="line 1"):
        read_anchors(path, signing_key(path.parent / "key.pem"))


def test_anchors_of_another_key_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(BadAnchors, match="not signed with this key"):
        read_anchors(path, signing_key(tmp_path / "other.pem"))


def test_processes_that_add_at_once_leave_lines_that_follow_each_other(tmp_path: Path) -> None:
    path, key = tmp_path / "anchors.txt", signing_key(tmp_path / "key.pem")
    with ThreadPoolExecutor(4) as several:  # each opens the file for itself, as processes do
        for done in [several.submit(add_anchors, path, key, ANCHORS) for _ in range(24)]:
            done.result()
    assert len(read_anchors(path, key)) == 24 * len(ANCHORS)


def test_a_disk_that_is_full_leaves_no_half_of_a_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, before = signing_key(path.parent / "key.pem"), path.read_bytes()

    def half(descriptor: int) -> None:
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - 40)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("usager_server.traces.anchors.os.fsync", half)
    with pytest.raises(OSError, match="No space"):
        add_anchors(path, key, ANCHORS)
    assert path.read_bytes() == before


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    private_file(tmp_path / "key.pem", "no key")
    with pytest.raises(BadAnchors, match="no Ed25519 key"):
        signing_key(tmp_path / "key.pem")
