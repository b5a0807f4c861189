"""The control API of the whole sandbox: one address before the stand-ins, which hands each order on to its own."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread

import httpx

from usager_server.sandbox.control import told
from usager_server.sandbox.stand_in import Answer, Received
from usager_server.sandbox.wire import HOST, Wire

HELP = "GET / lists the stand-ins; POST /reset resets all; /{name}/reset, seed, ask, faults, received are for one"


class Gate:
    """The control API, in a thread of its own.

    Shape   controls maps the name of each stand-in to the address of its orders; shown is what GET / says.
    """

    def __init__(self, controls: Mapping[str, str], shown: Sequence[Mapping[str, str]]) -> None:
        self._controls = controls
        self._shown = shown
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, daemon=True)
        self._wanted_port = 0
        self._listening = Event()
        self._stopping = asyncio.Event()
        self._port = 0
        self._failure: OSError | None = None

    def start(self, port: int) -> str:
        """Listen, and return the address. Errors: OSError when the port is taken."""
        self._wanted_port = port
        self._thread.start()
        self._listening.wait()
        if self._failure is not None:
            raise self._failure
        return f"http://{HOST}:{self._port}"

    def stop(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it ended meanwhile
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as self._client:
            wire = Wire(self._answer)
            try:
                self._port = await wire.start(self._wanted_port)
            except OSError as error:
                self._failure = error
                return
            finally:
                self._listening.set()
            await self._stopping.wait()
            wire.stop()

    async def _answer(self, request: Received) -> Sequence[Answer]:
        name, _, what = request.path.strip("/").partition("/")
        match request.method, name:
            case "GET", "":
                return [told(200, {"stand_ins": self._shown})]
            case "POST", "reset" if not what:
                for each in self._controls:
                    await self._hand_on(each, "reset", request)
                return [Answer(204)]
        if name not in self._controls:
            known = ", ".join(self._controls) or "none"
            return [told(404, {"error": f"{name} is not a stand-in here; there are: {known}. {HELP}"})]
        return [await self._hand_on(name, what, request)]

    async def _hand_on(self, name: str, what: str, request: Received) -> Answer:
        try:
            answer = await self._client.request(request.method, f"{self._controls[name]}/{what}", content=request.body)
        except httpx.HTTPError as error:
            return told(502, {"error": f"the stand-in {name} does not answer: {type(error).__name__}"})
        return Answer(answer.status_code, answer.content, {"Content-Type": "application/json"})
