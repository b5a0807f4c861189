"""Remembers what a server acknowledged, so that a load that was killed goes on where it was."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import orjson


class Journal:
    """An append-only file, a line for each acknowledged request, on the disk before the next one is counted.

    Shape   one line: the base URL, the digest of the file, the ordinals of the items. A half-written last line, left by
            a kill, is passed over: its items are sent again, which is safe (`shipment.py`).
    """

    def __init__(self, path: Path, base_url: str) -> None:
        self._path = path
        self._base_url = base_url
        self._done: dict[str, set[int]] = defaultdict(set)
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "Journal":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._read()
        self._file = self._path.open("ab")
        if not whole:
            self._file.write(b"\n")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def is_done(self, digest: str, ordinal: int) -> bool:
        """Say whether this item was acknowledged by this server."""
        return ordinal in self._done.get(digest, ())

    def record(self, digest: str, ordinals: Iterable[int]) -> None:
        """Write down that these items were acknowledged; they are on the disk when this returns."""
        assert self._file is not None, "a journal is used as a context manager"  # noqa: S101
        numbers = list(ordinals)
        self._done[digest].update(numbers)
        line = {"base": self._base_url, "file": digest, "items": _ranges(numbers)}
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> bool:
        """Take in what is there; say whether it ends with a whole line."""
        if not self._path.exists():
            return True
        line = b"\n"
        with self._path.open("rb") as lines:
            for line in lines:
                self._take(line)
        return line.endswith(b"\n")

    def _take(self, line: bytes) -> None:
        try:
            entry: Any = orjson.loads(line)
            if entry["base"] == self._base_url:
                for first, last in entry["items"]:
                    self._done[entry["file"]].update(range(first, last + 1))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
