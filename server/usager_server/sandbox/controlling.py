"""Speaks to the control API of the sandbox: what scenarios and tests tell a stand-in, and ask it."""

from typing import Any

import httpx

from usager_server.sandbox.faults import Fault, FaultKind


class StandInControl:
    """The control of one stand-in. Errors: httpx.HTTPStatusError when the sandbox refuses what it is told."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self._client = client
        self._name = name

    async def reset(self) -> None:
        """Forget what was received, what was seeded and the faults."""
        await self._send("POST", "reset")

    async def seed(self, data: Any) -> None:
        """Give the service the data that it answers with; what it takes is its own affair."""
        await self._send("PUT", "seed", data)

    async def received(self) -> list[dict[str, Any]]:
        """Return the requests since the last reset, oldest first: method, path, query, headers, certificate,
        body, at."""
        found: list[dict[str, Any]] = (await self._send("GET", "received"))["received"]
        return found

    async def ask(self, wanted: Any) -> Any:
        """Have the service do something at its side of the wire; what it can do is its own affair."""
        return await self._send("POST", "ask", wanted)

    async def fault(self, kind: str, *, times: int = 1, seconds: float = 0.0, status: int = 503) -> None:
        """Have the next requests fail: see Fault."""
        await self._send("POST", "faults", Fault(FaultKind(kind), times, seconds, status).as_json())

    async def _send(self, method: str, what: str, data: Any = None) -> Any:
        answer = await self._client.request(method, f"{self._name}/{what}", json=data)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"the sandbox refuses {what}: {answer.text}", request=answer.request, response=answer
            )
        return answer.json() if answer.content else None
