"""`usager demo`: the server with its invented people, and a word on what to try first."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx

from usager_server.demo.seeding import seed
from usager_server.serving import serve
from usager_server.settings import Settings

WELCOME = """
Usager is up: {root}
  people and what is on   {root}/
  the API, to try it      {root}/docs
  a first request         curl '{root}/fhir/Patient?name=kermarrec'
{seeded}
Ctrl-C stops it; what is stored stays in {data}.
"""

# Who calls without signing in: here only, so that the residents come with the INS they had.
ANYBODY = "anonymous"


def demonstrate(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve in one process until Ctrl-C, the demonstration brought in as soon as the server answers."""

    def welcome(root: str) -> None:
        Thread(target=_bring_in, args=(root, settings, say), daemon=True).start()

    with _worker():
        serve(settings.model_copy(update={"workers": 1, "identity_migrator": ANYBODY}), welcome)


@contextmanager
def _worker() -> Iterator[None]:
    """Have a worker of its own link what is traced, as in production."""
    process = subprocess.Popen([sys.executable, "-m", "usager_server", "worker"])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _bring_in(root: str, settings: Settings, say: Callable[[str], None]) -> None:
    try:
        seeded = _told(seed(f"{root}/fhir"))
    except httpx.HTTPError as error:
        seeded = f"The people of the demonstration could not be brought in: {error}"
    say(WELCOME.format(root=root, seeded=seeded, data=settings.data_dir.resolve()))


def _told(created: int) -> str:
    return f"{created} resources of an invented EHPAD were brought in." if created else "Its invented EHPAD is there."
