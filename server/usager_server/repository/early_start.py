"""The embedded PostgreSQL gets ready on another core while this process reads its own code."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from usager_server.errors import Unavailable
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.settings import Settings


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """Have the embedded database start in the background, and kept for the block; one of the operator's is left alone.

    Errors  none: whoever then waits for the database (`opening.running`) finds the same failure, and tells it.
    """
    if settings.database_url is not None:
        yield
        return
    cluster = EmbeddedPostgres(settings.data_dir / "postgres")
    thread = Thread(target=_start, args=(cluster,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        cluster.stop()


def _start(cluster: EmbeddedPostgres) -> None:
    with suppress(OSError, Unavailable):
        cluster.start()
