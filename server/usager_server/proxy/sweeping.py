"""What runs beside the requests: ended sessions are swept away, the head of the chain is told to the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from usager_server.errors import Unavailable
from usager_server.proxy.ending import sweep
from usager_server.proxy.house import House
from usager_server.proxy.traces import head

log = structlog.get_logger()

SWEEP_SECONDS = 15.0
HEAD_SECONDS = 3600.0
EXPIRY_ALARM_DAYS = 60


@asynccontextmanager
async def sweeping(house: House) -> AsyncIterator[None]:
    """Sweep for as long as the block lasts."""
    tasks = [
        asyncio.create_task(_every(SWEEP_SECONDS, lambda: _sweep(house))),
        asyncio.create_task(_every(HEAD_SECONDS, lambda: _tell(house))),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _every(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await do()
        except Unavailable as error:
            log.error("the proxy cannot sweep", reason=str(error))
        except Exception as error:  # the next round may pass; the process must not end for it
            log.exception("sweeping has a defect", kind=type(error).__name__)
        await asyncio.sleep(seconds)


async def _sweep(house: House) -> None:
    """Sweep until nothing is left that can be swept now."""
    while (forgotten := await sweep(house)) > 0:
        log.info("sessions were swept away", count=forgotten)


async def _tell(house: House) -> None:
    """Put the head of the chain where the database's owner cannot change it, and tell certificates that end soon."""
    found = await head(house.database)
    if found is not None:
        log.info("head of the traces", number=found.number, digest=found.digest.hex())
    for client in house.clients.values():
        days = client.identity.days_left()
        if days < EXPIRY_ALARM_DAYS:
            log.warning("a client certificate ends soon", days=int(days), subject=client.identity.subject)
