"""Which database is copied or restored: its address as the role that sees all, the server's own, and the programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from usager_server.backup.errors import BackupFailed, BackupRefused
from usager_server.repository.opening import DATABASE, source
from usager_server.repository.postgres_errors import DATABASE_ERRORS
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A database. Shape: url: of the role that sees all tenants; served_url: of the server's role."""

    url: str
    served_url: str
    is_embedded: bool


@contextmanager
def place(settings: Settings) -> Iterator[Place]:
    """Yield the database that the settings mean, the embedded one running meanwhile.

    Errors  BackupRefused without USAGER_BACKUP_DATABASE_URL for a database of the operator's; Unavailable; BackupFailed
            for what the database, or the system, has against going on in the block.
    """
    found = source(settings)
    if found.cluster is None:
        if settings.backup_database_url is None:
            raise BackupRefused("USAGER_BACKUP_DATABASE_URL is not set and USAGER_DATABASE_URL needs it")
        with _told():
            yield Place(settings.backup_database_url, found.url, is_embedded=False)
        return
    found.cluster.start()
    try:
        with _told():
            yield Place(found.cluster.url(database=DATABASE), found.url, is_embedded=True)
    finally:
        found.cluster.stop()


@contextmanager
def _told() -> Iterator[None]:
    """Say it in one line: what PostgreSQL adds below the first may quote a row."""
    try:
        yield
    except DATABASE_ERRORS as error:
        first = next(iter(str(error).splitlines()), "")
        raise BackupFailed(f"it was stopped on the way ({type(error).__name__}: {first})") from error
