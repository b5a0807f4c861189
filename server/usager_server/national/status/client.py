"""Asks the status page for its summary; transport only."""

import asyncio
import ssl

import httpx

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.streams import whole
from usager_server.tls_failures import why

TIMEOUT_SECONDS = 3.0
LIMIT_BYTES = 1024 * 1024


async def fetch_summary(url: str, tls: ssl.SSLContext) -> bytes:
    """Return the summary as it is published.

    Time    TIMEOUT_SECONDS at most, from the connection to the last byte.
    Errors  ServiceDown: no answer, an answer cut short, 429 or 5xx; ServiceRefused: any other answer than 200, or one
            larger than LIMIT_BYTES.
    """
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(verify=tls, timeout=TIMEOUT_SECONDS) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            return await _content(answer)
    except TimeoutError as error:
        raise ServiceDown(f"no answer within {TIMEOUT_SECONDS:g} s") from error
    except httpx.TransportError as error:
        raise ServiceDown(why("national-status", error)) from error


async def _content(answer: httpx.Response) -> bytes:
    if answer.status_code == 429 or answer.is_server_error:
        raise ServiceDown(f"the answer is {answer.status_code}")
    if answer.status_code != 200:
        raise ServiceRefused(f"the answer is {answer.status_code}")
    return await whole(
        answer.aiter_bytes(), LIMIT_BYTES, ServiceRefused(f"the answer has more than {LIMIT_BYTES} bytes")
    )
