"""What a scenario holds in its hands: named steps, a client, checks, the sandbox, the files it shows."""

import asyncio
import re
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import httpx

from usager_server import __version__
from usager_server.conformity.installation import Installation as Installation
from usager_server.conformity.masking import Masking
from usager_server.conformity.record import Check, Exchange, ProducedFile, Record, Step
from usager_server.conformity.recording import Keep, Recording
from usager_server.conformity.surroundings import Api as Api
from usager_server.conformity.surroundings import Surroundings as Surroundings
from usager_server.conformity.surroundings import surrounded
from usager_server.conformity.target import Target
from usager_server.sandbox.controlling import StandInControl as StandInControl

IDENTIFIER_SYSTEM = "urn:usager:conformity"
SHOWN_CHARACTERS = 500
REQUEST_TIMEOUT_SECONDS = 30.0
PAUSE_SECONDS = 30.0


class Stopped(Exception):
    """A requirement of the scenario itself does not hold: what follows would mean nothing."""


class Run:
    """One run of one scenario, as an async context manager.

    Shape   http is an httpx.AsyncClient bound to the FHIR base, so that `await run.http.get("Patient/1")` is a read;
            it records every exchange in the current step. master is the client of the software that is master of
            identities, for a server that is their slave.
    """

    def __init__(self, target: Target, record: Record) -> None:
        self.base_url = target.base_url
        self.run_id = uuid.uuid4().hex[:12]
        self._target = target
        self._record = record
        self._step: Step | None = None
        self._count = 0
        self._masking = Masking([target.token, target.master_token])
        self._clients = AsyncExitStack()
        self.http = self._bearing(target.token)
        self.master = self._bearing(target.master_token)

    async def __aenter__(self) -> Self:
        await self._clients.enter_async_context(self.http)
        await self._clients.enter_async_context(self.master)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clients.aclose()

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[None]:
        """Begin a step; title is a French sentence that says what is done. Steps do not nest."""
        if self._step is not None:
            raise RuntimeError(f"the step {title!r} begins inside the step {self._step.title!r}")
        self._step = step = Step(self._masking.text(title))
        self._record.steps.append(step)
        began = time.monotonic()
        try:
            yield
        finally:
            step.seconds = time.monotonic() - began
            self._step = None

    def check(self, condition: object, text: str, *, found: object = "") -> bool:
        """Verify, and go on whatever comes of it; one that fails makes the scenario fail at its end.

        Shape   text is the French sentence that should be true; found is what was there, shown when it is not true.
        """
        shown = "" if condition else self._masking.text(str(found))[:SHOWN_CHARACTERS]
        self._current().events.append(Check(self._masking.text(text), bool(condition), shown))
        return bool(condition)

    def require(self, condition: object, text: str, *, found: object = "") -> None:
        """Verify, and stop the scenario when it is not true."""
        if not self.check(condition, text, found=found):
            raise Stopped(text)

    def expect(self, answer: httpx.Response, status: int, text: str = "") -> Any:
        """Require a status, telling the OperationOutcome when it differs; return the JSON of the answer, or None."""
        told = text or f"Le serveur répond {status}"
        self.require(answer.status_code == status, told, found=f"{answer.status_code} {_diagnostics(answer)}".strip())
        return answer.json() if answer.content and "json" in answer.headers.get("Content-Type", "") else None

    def value(self, parameters: Any, name: str) -> Any:
        """Return the value of a parameter of a Parameters resource, or None when it is not there."""
        for each in parameters.get("parameter", ()):
            if each.get("name") == name:
                return next((value for key, value in each.items() if key.startswith("value")), None)
        return None

    def attach(self, name: str, content: bytes | str, title: str) -> None:
        """Show a file that the software produced; title says in French what it is.

        Errors  ValueError when it holds the token of this run: a file is shown as it is, so it cannot be masked.
        """
        data = content.encode() if isinstance(content, str) else content
        if self._masking.holds_secret(data):
            raise ValueError(f"{name} holds the token of this run")
        self._record.files.append(ProducedFile(self._file_name(name), title, data))

    async def pause(self, seconds: float) -> None:
        """Let time pass, for what ends or opens by itself; PAUSE_SECONDS at most."""
        await asyncio.sleep(min(seconds, PAUSE_SECONDS))

    def unique(self, word: str = "conformite") -> str:
        """Return a value that no other run has used, and no other call of this one: ids, names, identifiers."""
        self._count += 1
        return f"{word}-{self.run_id}-{self._count}"

    def identifier(self) -> dict[str, str]:
        """Return a new Identifier of FHIR, for a resource that this scenario makes."""
        return {"system": IDENTIFIER_SYSTEM, "value": self.unique()}

    async def stand_in(self, name: str) -> StandInControl:
        """Return the control of a stand-in of the sandbox; name is among the scenario's stand_ins."""
        if name not in self._record.scenario.stand_ins:
            raise LookupError(f"the scenario does not name {name} in stand_ins")
        client = self._client(self._target.sandbox_url, {}, self._keep_order)
        return StandInControl(await self._clients.enter_async_context(client), name)

    @asynccontextmanager
    async def installation(self) -> AsyncIterator[Installation]:
        """Make an empty installation of this machine's software, for what an operator does; it is gone afterwards."""
        made = Installation(lambda url: self._client(url, {"Accept": "application/fhir+json"}, self._keep))
        try:
            async with made.http:
                yield made
        finally:
            await made.remove()

    @asynccontextmanager
    async def surrounded(self, aside: Installation, apis: Sequence[Api] = ()) -> AsyncIterator[Surroundings]:
        """Put a sandbox and a Proxy e-santé around an installation that is not started yet; gone with it."""
        async with surrounded(aside, apis) as around:
            yield around

    def caller(self, around: Surroundings) -> httpx.AsyncClient:
        """Return a client of that proxy that shows the certificate of the installation; it records each exchange."""
        return around.caller(lambda url, tls: self._client(url, {}, self._keep, tls))

    def _bearing(self, token: str) -> httpx.AsyncClient:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return self._client(self.base_url, {"Accept": "application/fhir+json", **bearer}, self._keep)

    def _client(
        self, base_url: str, headers: dict[str, str], keep: Keep, tls: ssl.SSLContext | None = None
    ) -> httpx.AsyncClient:
        wire = httpx.AsyncHTTPTransport(verify=tls) if tls is not None else None
        return httpx.AsyncClient(
            base_url=base_url,
            headers={"User-Agent": f"usager-conformity/{__version__}", "Accept-Encoding": "identity", **headers},
            timeout=REQUEST_TIMEOUT_SECONDS,
            transport=Recording(keep, self._masking, wire),
        )

    def _keep(self, exchange: Exchange) -> None:
        self._current().events.append(exchange)

    def _keep_order(self, exchange: Exchange) -> None:
        self._keep(replace(exchange, is_order=True))

    def _current(self) -> Step:
        if self._step is None:
            raise RuntimeError('this stands outside a step: write it inside "async with run.step(...)"')
        return self._step

    def _file_name(self, name: str) -> str:
        """Return a name without folders, that no other file of this run bears."""
        safe = re.sub(r"[^\w.-]+", "-", name).lstrip(".-") or "fichier"
        taken = {it.name for it in self._record.files}
        return safe if safe not in taken else f"{len(taken) + 1}-{safe}"


def _diagnostics(answer: httpx.Response) -> str:
    """Return what an OperationOutcome says, or nothing."""
    try:
        issues = answer.json()["issue"]
        return " ; ".join(str(it.get("diagnostics") or it.get("code")) for it in issues)
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
