"""One at a time: a lock on a file, which the kernel lets go of when the process dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from usager_server.backup.errors import BackupRefused


@contextmanager
def alone(path: Path, told: str) -> Iterator[None]:
    """Hold a file for oneself. Errors: BackupRefused, told in these words, when somebody else does; OSError."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(told) from None
        yield
