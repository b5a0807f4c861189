"""What one example goes through over HTTP: created, read back, searched, turned to XML and back."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import aiohttp

from tests.proofs.corpus import Example, content, difference, unordered

GIANT_BYTES = 1_000_000
JSON, XML = "application/fhir+json", "application/fhir+xml"


@dataclass(slots=True)
class Verdict:
    """How one example fared; each text says what went wrong, empty when nothing did."""

    example: Example
    refused: str = ""
    changed: str = ""
    xml_changed: str = ""
    searches: int = 0
    lost: list[str] = field(default_factory=list)


def grouped(examples: Sequence[Example]) -> list[list[Example]]:
    """Return the usual examples together, then each giant by itself."""
    giants = [example for example in examples if example.path.stat().st_size > GIANT_BYTES]
    return [[example for example in examples if example not in giants], *([giant] for giant in giants)]


def shortened(query: str) -> str:
    """Return a query whose value is not over the server's 2,000 characters: its beginning finds it too."""
    name, _, value = query.partition("=")
    text = unquote(value)
    return query if len(text) < 2000 else f"{name}={quote(text[:1000].rstrip(chr(92)), safe='')}"


class Traveller:
    """Takes examples through the server, a few at a time."""

    def __init__(self, http: aiohttp.ClientSession, base: str, *, parallel: int = 12) -> None:
        self._http, self._base = http, base
        self._room = asyncio.Semaphore(parallel)

    async def all(self, examples: Sequence[Example], queries: Mapping[str, list[str]]) -> list[Verdict]:
        """Return the verdict on each example; queries by name of the example are those that must find it."""
        found = {}
        for group in grouped(examples):  # the giants one at a time: each takes seconds of the one server process
            verdicts = await asyncio.gather(*(self._one(example, queries.get(example.name, [])) for example in group))
            found.update({verdict.example.name: verdict for verdict in verdicts})
        return list(found.values())

    async def _one(self, example: Example, queries: list[str]) -> Verdict:
        verdict = Verdict(example)
        async with self._room:
            status, answer = await self._put(example.type, example.id, example.text, JSON)
            if status not in (200, 201):
                verdict.refused = f"{status} {answer[:600]}"
                return verdict
            await self._read_back(verdict)
            await self._through_xml(verdict)
            await self._find(verdict, queries)
        return verdict

    async def _read_back(self, verdict: Verdict) -> None:
        example = verdict.example
        status, text = await self._get(f"{example.type}/{example.id}", JSON)
        verdict.changed = (
            difference(content(example.text), content(text)) if status == 200 else f"{status} {text[:300]}"
        )

    async def _through_xml(self, verdict: Verdict) -> None:
        example = verdict.example
        status, xml = await self._get(f"{example.type}/{example.id}", XML)
        if status == 200:
            status, xml = await self._put(example.type, example.id, xml, XML)
        if status != 200:
            verdict.xml_changed = f"{status} {xml[:300]}"
            return
        _, text = await self._get(f"{example.type}/{example.id}", JSON)
        verdict.xml_changed = difference(unordered(content(example.text)), unordered(content(text)))

    async def _find(self, verdict: Verdict, queries: list[str]) -> None:
        example = verdict.example
        for query in queries:
            address = f"{example.type}?{shortened(query)}&_id={example.id}"
            status, text = await self._get(f"{address}&_elements=id", JSON)
            verdict.searches += 1
            if status != 200 or f'"id":"{example.id}"' not in text:
                verdict.lost.append(f"{address}: {status} {text[:200] if status != 200 else 'not found'}")

    async def _put(self, resource_type: str, resource_id: str, text: str, media_type: str) -> tuple[int, str]:
        path = f"{resource_type}/{resource_id}"
        return await self._ask("PUT", path, text.encode(), {"Content-Type": media_type, "Accept": media_type})

    async def _get(self, path: str, media_type: str) -> tuple[int, str]:
        return await self._ask("GET", path, None, {"Accept": media_type})

    async def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        """Ask, and ask again when the connection was found closed: the server keeps idle ones five seconds."""
        for _ in range(3):
            with suppress(aiohttp.ServerDisconnectedError):
                data = None if body is None else io.BytesIO(body)  # aiohttp warns of more than 1 MB in one piece
                async with self._http.request(method, f"{self._base}/{path}", data=data, headers=headers) as answer:
                    return answer.status, await answer.text()
        return 0, "the server hangs up"
