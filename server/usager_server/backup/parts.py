"""A part of a backup: one file in the age format, written and read as a stream, with the sum of its bytes on disk."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

import pyrage
from pyrage import x25519

from usager_server.backup.errors import BackupDamaged, BackupFailed, BackupRefused

CHUNK_BYTES = 1 << 20
SUFFIX = ".age"


@dataclass(frozen=True, slots=True)
class Part:
    """A file as it lies on disk, encrypted: its size, and the SHA-256 of its bytes in hexadecimal."""

    size_bytes: int
    sha256: str


class Sink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Take all of them."""
        ...


def write_part(path: Path, source: IO[bytes], recipients: Sequence[x25519.Recipient]) -> Part:
    """Encrypt a stream into a new file, which is on disk when this returns.

    Time    some 400 MB/s on one core; memory does not grow with the stream.
    Errors  BackupFailed when the disk is full, or cannot be written.
    """
    try:
        with path.open("xb") as file:
            counted = _Counted(file)
            with _in_our_words(counted):
                pyrage.encrypt_io(source, counted, recipients)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BackupFailed(f"{path} cannot be written: {error.strerror}") from error
    return Part(counted.size_bytes, counted.digest.hexdigest())


def read_part(path: Path, sink: Sink, identities: Sequence[x25519.Identity], part: Part | None = None) -> None:
    """Decrypt a file into what takes its bytes.

    Shape   part is what the file was when it was verified: another one that the same keys open is not taken for it.
            What was taken before an error is authentic but not whole, or another's: it must not be used.
    Errors  BackupRefused when no identity opens it; BackupDamaged when it was altered, cut short or replaced; what sink
            raises.
    """
    guarded = _Counted(sink)
    try:
        with path.open("rb") as file, _in_our_words(guarded):
            summed = _Summed(file)
            pyrage.decrypt_io(summed, guarded, identities)
            while summed.read(CHUNK_BYTES):  # what decryption has no use for is a part of the file too
                pass
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise BackupRefused(f"{path.name}: no key of USAGER_BACKUP_KEY_FILE opens it") from error
        raise BackupDamaged(f"{path.name} was altered, or cut short") from error
    except OSError as error:
        raise BackupDamaged(f"{path.name} was altered, or cut short") from error
    if part is not None and summed.digest.hexdigest() != part.sha256:
        raise BackupDamaged(f"{path.name} was replaced after it was verified")


def part_of(path: Path) -> Part:
    """Return what a file is now, by reading all of it."""
    digest, size_bytes = sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return Part(size_bytes, digest.hexdigest())


class _Summed:
    """Reads a file, and sums its bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class _Counted:
    """Passes bytes on, counts them, and remembers what went wrong: pyrage tells it as a text of its own."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.digest = sha256()
        self.size_bytes = 0
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._sink.write(data)
        except Exception as error:
            self.error = error
            raise
        self.digest.update(data)
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Leave it to whoever opened the file."""


@contextmanager
def _in_our_words(counted: _Counted) -> Iterator[None]:
    """Raise what the sink raised, and not pyrage's account of it."""
    try:
        yield
    except (OSError, pyrage.EncryptError, pyrage.DecryptError) as error:
        if counted.error is None:
            raise
        raise counted.error from error
