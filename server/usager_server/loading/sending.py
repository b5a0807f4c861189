"""Sends shipments, several at a time, and says of each item what became of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from usager_server.loading.shipment import FHIR_JSON, Shipment, together
from usager_server.loading.sources import Item

REQUEST_SECONDS = 300
ATTEMPTS = 5
AGAIN = frozenset({502, 503, 504})
THROTTLED = 429
LONGEST_PAUSE_SECONDS = 60.0


class ServerDown(Exception):
    """The server did not answer, however often it was asked; what was acknowledged is in the journal."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one item: loaded when refusal is None, else why not."""

    item: Item
    resources: int = 0
    refusal: str | None = None


async def send_all(
    client: httpx.AsyncClient,
    shipments: Iterable[Shipment],
    settle: Callable[[Shipment, Sequence[Verdict]], None],
    concurrency: int,
) -> None:
    """Send everything; settle is called for each shipment once the server has answered for all its items.

    Errors  ServerDown. Shipments are read from the disk as places become free, never ahead.
    """
    waiting = iter(shipments)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(_send_from(client, waiting, settle))
    except ExceptionGroup as failures:  # except* wraps what it raises, or not, by patch level
        downs, others = failures.split(ServerDown)
        if downs is None or others is not None:
            raise
        raise ServerDown(str(downs.exceptions[0])) from failures


async def _send_from(
    client: httpx.AsyncClient, waiting: Iterator[Shipment], settle: Callable[[Shipment, Sequence[Verdict]], None]
) -> None:
    for shipment in waiting:
        settle(shipment, [verdict async for verdict in _verdicts(client, shipment)])


async def _verdicts(client: httpx.AsyncClient, shipment: Shipment) -> AsyncIterator[Verdict]:
    if shipment.items[0].kind == "unreadable":
        yield Verdict(shipment.items[0], refusal=str(shipment.items[0].content))
        return
    answer = await _post(client, shipment)
    if answer.is_success and shipment.items[0].kind == "bundle":
        yield _bundle_verdict(shipment.items[0], answer)
    elif answer.is_success:
        share = _resources(answer) // len(shipment.items)
        for item in shipment.items:
            yield Verdict(item, resources=share)
    elif len(shipment.items) == 1:
        yield Verdict(shipment.items[0], refusal=_reason(answer.status_code, answer.content))
    else:
        for verdict in await _one_by_one(client, shipment):
            yield verdict


async def _one_by_one(client: httpx.AsyncClient, shipment: Shipment) -> list[Verdict]:
    """Send again, as a batch, what was refused together: those that are right go in, the others are named."""
    answer = await _post(client, together(shipment.items, "batch"))
    if not answer.is_success:
        reason = _reason(answer.status_code, answer.content)
        return [Verdict(item, refusal=reason) for item in shipment.items]
    entries = orjson.loads(answer.content)["entry"]
    return [_verdict(item, entry["response"]) for item, entry in zip(shipment.items, entries, strict=True)]


def _bundle_verdict(item: Item, answer: httpx.Response) -> Verdict:
    """Return the verdict on a transaction or batch; a batch is loaded when each of its entries is."""
    responses = [entry.get("response", {}) for entry in orjson.loads(answer.content).get("entry", ())]
    refused = [
        f"Bundle.entry[{number}] {_reason(response['status'], orjson.dumps(response.get('outcome')))}"
        for number, response in enumerate(responses)
        if response.get("status", "2")[0] not in "23"
    ]
    return Verdict(item, len(responses) - len(refused), "; ".join(refused[:5]) or None)


def _verdict(item: Item, response: dict[str, Any]) -> Verdict:
    if response["status"].startswith("2"):
        return Verdict(item, resources=1)
    return Verdict(item, refusal=_reason(response["status"], orjson.dumps(response.get("outcome"))))


async def _post(client: httpx.AsyncClient, shipment: Shipment) -> httpx.Response:
    headers = {"Content-Type": shipment.content_type, "Accept": FHIR_JSON, "Prefer": "return=minimal"}
    attempt = 0
    while True:
        attempt += 1
        try:
            answer = await client.post(shipment.path, content=shipment.body, headers=headers, timeout=REQUEST_SECONDS)
        except httpx.TransportError as error:
            if attempt == ATTEMPTS:
                raise ServerDown(f"no answer: {type(error).__name__}") from error
        else:
            if answer.status_code == THROTTLED:
                attempt -= 1  # the server is well, and says when to come back
                await asyncio.sleep(_pause(answer))
                continue
            if answer.status_code not in AGAIN:
                return answer
            if attempt == ATTEMPTS:
                raise ServerDown(f"the server answers {answer.status_code}")
        await asyncio.sleep(random.uniform(0.1, 0.3) * 2**attempt)  # noqa: S311 - spreads the retries


def _pause(answer: httpx.Response) -> float:
    """Return the seconds after which a server that has enough for now wants to be asked again."""
    told = answer.headers.get("Retry-After", "")
    return min(float(told), LONGEST_PAUSE_SECONDS) if told.isdecimal() else 1.0


def _resources(answer: httpx.Response) -> int:
    try:
        return max(len(orjson.loads(answer.content).get("entry", ())), 1)
    except (orjson.JSONDecodeError, AttributeError):
        return 1


def _reason(status: int | str, body: bytes) -> str:
    """Return a refusal in a line: the status and what the OperationOutcome says."""
    try:
        issues = orjson.loads(body)["issue"]
        said = [" ".join(filter(None, (*issue.get("expression", ()), issue.get("diagnostics")))) for issue in issues]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        said = ["no OperationOutcome came with it"]
    return f"{status}: {'; '.join(said[:5])}"
