"""Writers and readers that go on while the server and its database are killed under them.

A writer owns a pair of resources, always changed together in one transaction to the same number, and makes triples
under one mark in one transaction. A reader looks at a whole pair or triple in one search: it must never see half of it.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.live import LiveServer

Tree = dict[str, Any]
SYSTEM = "https://usager.example/crash"
WRITERS = READERS = 8
VICTIMS = ("server", "database", "both")
TROUBLE = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


@dataclass(slots=True)
class Ledger:
    """What was promised and what was seen to be wrong."""

    acknowledged: list[tuple[str, int, int]] = field(default_factory=list)  # resource, version, number
    triples: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    latest: dict[str, int] = field(default_factory=dict)  # resource -> version last acknowledged
    wrong: list[str] = field(default_factory=list)
    reads: int = 0
    shown: list[str] = field(default_factory=list)  # the ids of requests whose answer showed something
    kills: dict[str, int] = field(default_factory=dict)
    stuck: int = 0


def basic(resource_id: str | None, number: int, mark: str) -> Tree:
    """Return a small resource that carries a number and a mark."""
    body: Tree = {
        "resourceType": "Basic",
        "identifier": [{"system": SYSTEM, "value": mark}],
        "code": {"text": str(number)},
    }
    return body if resource_id is None else {**body, "id": resource_id}


def transaction(entries: list[tuple[str, str, Tree]]) -> Tree:
    """Return a transaction of (method, url, resource)."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": tree, "request": {"method": method, "url": url}} for method, url, tree in entries],
    }


class Crowd:
    """The writers and readers of one run."""

    def __init__(self, http: aiohttp.ClientSession, server: LiveServer, seed: int) -> None:
        self.ledger = Ledger()
        self._http, self._server = http, server
        self._random = random.Random(seed)  # noqa: S311
        self._over = False

    async def run(self, seconds: float) -> Ledger:
        """Let everybody work for some seconds while processes are killed; then leave the server running."""
        people = [self._write(number) for number in range(WRITERS)] + [self._read() for _ in range(READERS)]
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(person)
            end = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < end or len(self.ledger.kills) < len(VICTIMS):
                await asyncio.sleep(self._random.uniform(1.5, 4))
                await self._kill(self._victim())
            await asyncio.sleep(1)
            self._over = True
        return self.ledger

    def _victim(self) -> str:
        """Return what to kill: anything, but each kind soon."""
        spared = [victim for victim in VICTIMS if victim not in self.ledger.kills]
        return self._random.choice(spared or VICTIMS)

    async def _kill(self, victim: str) -> None:
        self.ledger.kills[victim] = self.ledger.kills.get(victim, 0) + 1
        if victim != "server":
            self._server.kill_database()
        if victim != "database":
            self._server.kill()
        elif await asyncio.to_thread(self._server.wait_ready, 15):
            return
        else:
            self.ledger.stuck += 1
            self._server.kill()
        await asyncio.to_thread(self._server.start)

    async def _write(self, writer: int) -> None:
        number = 0
        while not self._over:
            number += 1
            if self._random.random() < 0.5:
                await self._write_pair(writer, number)
            else:
                await self._write_triple(number)

    async def _write_pair(self, writer: int, number: int) -> None:
        mark = f"pair-{writer}"
        pair = [("PUT", f"Basic/{side}{writer}", basic(f"{side}{writer}", number, mark)) for side in "ab"]
        answer = await self._post(transaction(pair))
        if answer is None:
            return
        for (_, url, _), entry in zip(pair, answer["entry"], strict=True):
            version = int(entry["response"]["etag"].split('"')[1])
            self.ledger.acknowledged.append((url, version, number))
            self.ledger.latest[url] = version

    async def _write_triple(self, number: int) -> None:
        mark = str(uuid4())
        self.ledger.tried.append(mark)
        if await self._post(transaction([("POST", "Basic", basic(None, number, mark))] * 3)) is not None:
            self.ledger.triples.append(mark)

    async def _read(self) -> None:
        while not self._over:
            looks: list[Callable[[], Any]] = [self._look_at_pair, self._look_at_triple, self._look_at_one]
            await self._random.choice(looks)()
            self.ledger.reads += 1

    async def _look_at_pair(self) -> None:
        writer = self._random.randrange(WRITERS)
        found = await self._get(f"Basic?_id=a{writer},b{writer}")
        numbers = {entry["resource"]["code"]["text"] for entry in (found or {}).get("entry", [])}
        if len(numbers) > 1 or (numbers and len(found["entry"]) != 2):
            self.ledger.wrong.append(f"half a pair of writer {writer}: {numbers}")

    async def _look_at_triple(self) -> None:
        if not self.ledger.tried:
            return
        mark = self._random.choice(self.ledger.tried[-50:])
        promised = mark in self.ledger.triples
        found = await self._get(f"Basic?identifier={SYSTEM}|{mark}")
        if found is not None and len(found.get("entry", [])) not in ((3,) if promised else (0, 3)):
            self.ledger.wrong.append(f"{len(found.get('entry', []))} of triple {mark}, promised: {promised}")

    async def _look_at_one(self) -> None:
        if not self.ledger.latest:
            await asyncio.sleep(0.05)
            return
        url, version = self._random.choice(list(self.ledger.latest.items()))
        found = await self._get(url)
        if found is not None and int(found["meta"]["versionId"]) < version:
            self.ledger.wrong.append(f"{url} is at {found['meta']['versionId']} after {version} was acknowledged")

    async def _post(self, bundle: Tree) -> Tree | None:
        return await self._ask("POST", "", bundle)

    async def _get(self, path: str) -> Tree | None:
        return await self._ask("GET", f"/{path}", None)

    async def _ask(self, method: str, path: str, body: Tree | None) -> Tree | None:
        """Return the answer, or None when there was none or a 5xx that says "try again"."""
        name = str(uuid4())
        try:
            async with self._http.request(
                method, f"{self._server.base}{path}", json=body, headers={"X-Request-Id": name}
            ) as answer:
                tree: Tree = await answer.json(content_type=None)
                if answer.status in (200, 201):
                    if method == "GET":
                        self.ledger.shown.append(name)
                    return tree
                if answer.status != 503:
                    self.ledger.wrong.append(f"{method} {path}: {answer.status} {str(tree)[:300]}")
        except TROUBLE:
            pass
        await asyncio.sleep(0.1)
        return None
