"""The folder where backups stand, each a folder named by its instant: begun, finished, listed, removed."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from usager_server.backup.alone import alone
from usager_server.backup.errors import BackupDamaged, BackupFailed, BackupRefused
from usager_server.backup.limits import SUMS_LIMIT_BYTES
from usager_server.backup.parts import Part

SUMS = "SHA256SUMS"
NAME = re.compile(r"usager-(\d{8}T\d{6})Z")
INSTANT = "usager-%Y%m%dT%H%M%SZ"
PARTIAL = ".partial"
SUM_LINE = re.compile(r"([0-9a-f]{64})  ([a-z0-9.-]+)")


class Shelf:
    """The backups in one folder.

    Shape   one that is being made bears the ending .partial until it is whole and on disk: what has its own name is
            complete. A lock, which the kernel lets go of when the process dies, keeps it to one at a time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def backups(self, until: datetime | None = None) -> Sequence[Path]:
        """Return the complete backups, newest first.

        Shape   until an instant: a clock that was wrong once leaves some that are after it. They are nobody's newest,
                and it is for a person to remove them.
        """
        if not self.folder.is_dir():
            return []
        found = [each for each in self.folder.iterdir() if _is_named(each.name, until) and each.is_dir()]
        return sorted(found, reverse=True)

    def age_seconds(self, now: datetime) -> float:
        """Return how old the newest backup is; infinite when there is none, or none that can be seen."""
        try:
            newest = self.backups(now)[:1]
        except OSError:
            newest = []
        return (now - instant_of(newest[0])).total_seconds() if newest else inf

    @contextmanager
    def begun(self, now: datetime) -> Iterator[Path]:
        """Yield the folder of a new backup, which gets its name when the block ends well, and else is removed.

        Errors  BackupRefused when another one is being made; BackupFailed when the folder cannot be written.
        """
        with self._locked():
            name = now.astimezone(UTC).strftime(INSTANT)
            partial = self.folder / f"{name}{PARTIAL}"
            with _told(self.folder):
                self._remove_orphans()
                partial.mkdir(mode=0o700)
            try:
                yield partial
                with _told(self.folder):
                    sync_folder(partial)
                    partial.rename(finished(partial))
                    sync_folder(self.folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    def keep(self, count: int, now: datetime) -> Sequence[Path]:
        """Remove all but the newest backups, and return those removed.

        Order   each loses its name first: one half removed is not taken for a backup.
        """
        with self._locked(), _told(self.folder):
            gone = self.backups(now)[count:]
            for each in gone:
                doomed = each.with_name(f"{each.name}{PARTIAL}")
                each.rename(doomed)
                _remove(doomed)
        return gone

    def _remove_orphans(self) -> None:
        """Remove what a killed process left: under the lock, nobody else is writing."""
        for each in self.folder.glob(f"usager-*{PARTIAL}"):
            _remove(each)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _told(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / ".lock").touch(mode=0o600)
        with alone(self.folder / ".lock", f"another backup is being made in {self.folder}"):
            yield


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say what the system has against writing there."""
    try:
        yield
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be written: {error.strerror}") from error


def _is_named(name: str, until: datetime | None) -> bool:
    """Say whether a name is that of a backup, of an instant that there is."""
    if not NAME.fullmatch(name):
        return False
    try:
        instant = instant_of(Path(name))
    except ValueError:
        return False
    return until is None or instant <= until


def _remove(path: Path) -> None:
    """Remove a folder with all in it; of a link, which an operator may have left for a folder elsewhere, itself."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


def finished(partial: Path) -> Path:
    """Return the path that a backup has once it is complete."""
    return partial.with_name(partial.name.removesuffix(PARTIAL))


def instant_of(backup: Path) -> datetime:
    """Return the instant that a backup is named by."""
    return datetime.strptime(backup.name, INSTANT).replace(tzinfo=UTC)


def refuse_partial(backup: Path) -> None:
    """Raise BackupDamaged for what a killed process left."""
    if backup.name.endswith(PARTIAL):
        raise BackupDamaged(f"{backup.name} was cut short while it was made: it is no backup")


def write_sums(folder: Path, parts: Mapping[str, Part]) -> None:
    """Write the sums of files as `sha256sum` does, so that anyone can verify them without a key."""
    path = folder / SUMS
    with path.open("x", encoding="ascii") as file:
        file.writelines(f"{part.sha256}  {name}\n" for name, part in sorted(parts.items()))
        file.flush()
        os.fsync(file.fileno())


def read_sums(backup: Path) -> Mapping[str, str]:
    """Return the sum of each file of a backup. Errors: BackupRefused when there is no such folder; BackupDamaged."""
    if not backup.is_dir():
        raise BackupRefused(f"{backup} is not there, or is no folder")
    refuse_special(backup / SUMS)
    try:
        if (backup / SUMS).stat().st_size > SUMS_LIMIT_BYTES:
            raise BackupDamaged(f"{backup.name}: {SUMS} is no list of sums: it is too large")
        lines = (backup / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise BackupDamaged(f"{backup.name} is no backup, or not whole: {SUMS} cannot be read") from error
    found = [SUM_LINE.fullmatch(line) for line in lines]
    if not all(found):
        raise BackupDamaged(f"{backup.name}: {SUMS} was altered")
    return {match[2]: match[1] for match in found if match}


def refuse_special(path: Path) -> None:
    """Raise BackupDamaged for a pipe or a device: reading one may never end."""
    if path.exists() and not path.is_file():
        raise BackupDamaged(f"{path.parent.name}: {path.name} cannot be read: it is no file")


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
