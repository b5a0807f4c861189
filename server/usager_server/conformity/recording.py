"""An HTTP transport that keeps every exchange, those without an answer too."""

import asyncio
import time
from collections.abc import Callable

import httpx

from usager_server.conformity.masking import Masking
from usager_server.conformity.record import Exchange

ANSWER_LIMIT_BYTES = 50 * 1024 * 1024

Keep = Callable[[Exchange], None]


class AnswerTooLarge(httpx.TransportError):
    """The answer is larger than a scenario reads."""


class Recording(httpx.AsyncBaseTransport):
    """Sends over the network, and hands each exchange over with its secrets masked."""

    def __init__(self, keep: Keep, masking: Masking, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._keep = keep
        self._masking = masking
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its whole answer. Errors: those of httpx; AnswerTooLarge."""
        body = await request.aread()
        began = time.monotonic()
        try:
            answer = await self._transport.handle_async_request(request)
            content = await _read(answer)
        except httpx.TransportError as error:
            self._keep(self._exchange(request, body, began, error=f"{type(error).__name__}: {error}"))
            raise
        except asyncio.CancelledError:
            self._keep(self._exchange(request, body, began, error="aucune réponse avant la fin du temps imparti"))
            raise
        self._keep(self._exchange(request, body, began, answer, content))
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _exchange(
        self,
        request: httpx.Request,
        body: bytes,
        began: float,
        answer: httpx.Response | None = None,
        content: bytes = b"",
        error: str = "",
    ) -> Exchange:
        masking = self._masking
        return Exchange(
            method=request.method,
            url=masking.text(str(request.url)),
            request_headers=masking.headers(request.headers.multi_items()),
            request_body=masking.body(body),
            status=answer.status_code if answer else 0,
            response_headers=masking.headers(answer.headers.multi_items()) if answer else (),
            response_body=masking.body(content),
            seconds=time.monotonic() - began,
            error=masking.text(error),
        )


async def _read(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in answer.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > ANSWER_LIMIT_BYTES:
            await answer.aclose()
            raise AnswerTooLarge(f"the answer has more than {ANSWER_LIMIT_BYTES} bytes")
    await answer.aclose()
    return b"".join(parts)
