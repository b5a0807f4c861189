"""A fresh server with its sandbox for the scenarios, and a small odd one for what no good server does."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.whole import EVERY_PROFILE
from usager_server.conformity.scenario import Scenario
from usager_server.conformity.target import Target
from usager_server.conformity.throwaway import Throwaway
from usager_server.plugins import activate, scenarios, stand_ins
from usager_server.requirements.facts import facts

VARIANTS = ("sans-certificat-ins", "esclave-identite")
"""Each is another way to get an INS: they are switched on for their own scenarios only, without the rest."""


class Odd(BaseHTTPRequestHandler):
    """Answers what the path says: 200 with what it was sent, another status, or nothing for long."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.rpartition("/")[2]
        if name == "slow":
            time.sleep(5)
        outcome = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "Patient.birthDate: not a date"}]}
        body = {"headers": dict(self.headers), "sent": sent.decode()} if name != "refused" else outcome
        content = json.dumps(body).encode()
        self.send_response(422 if name == "refused" else 200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Set-Cookie", "session=very-secret")
        self.send_header("Content-Length", str(len(content)))
        with suppress(ConnectionError):  # who asked has given up
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep silent."""


@pytest.fixture(scope="session")
def odd() -> Iterator[Target]:
    """The target that is the odd server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield Target(f"http://127.0.0.1:{server.server_port}/fhir", token="a-token-that-nobody-may-see")
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def serving() -> Iterator[Callable[[str], Target]]:
    """Return what starts a fresh server with its sandbox, once for each variant; "": every profile but those.

    Shape   a variant starts the stand-ins that its own scenarios name; "" starts all.
    """
    with ExitStack() as running:

        @cache
        def started(variant: str) -> Target:
            keys = [variant] if variant else [it for it in EVERY_PROFILE.split(",") if it not in VARIANTS]
            active = activate(keys)
            named = {name for it in scenarios(active) if variant_of(it) == variant for name in it.stand_ins}
            needed = [it for it in stand_ins(active) if not variant or it.name in named]
            return running.enter_context(Throwaway(keys, needed))

        yield started


@pytest.fixture(scope="session")
def target(serving: Callable[[str], Target]) -> Target:
    """The server with every profile."""
    return serving("")


def variant_of(scenario: Scenario) -> str:
    """Return the variant without which none of what a scenario proves is asked for, or nothing."""
    profiles = [facts()[it].profiles for it in scenario.ids if it in facts()]
    return next((it for it in VARIANTS if profiles and all(each == (it,) for each in profiles)), "")
