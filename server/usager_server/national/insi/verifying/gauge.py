"""What the metrics tell of the verification: how many lots INSi refuses, of all organisations."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from usager_server.errors import Unavailable
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.in_lots import FIRST_PAUSE
from usager_server.repository.behind import tenant_numbers
from usager_server.repository.connections import Connections
from usager_server.repository.postgres_errors import DATABASE_ERRORS
from usager_server.repository.running import Runner
from usager_server.settings import Settings

MOST_SECONDS = 1.0


async def gauges(connections: Connections, settings: Settings) -> Mapping[str, float]:
    """Return the gauge, none where the worker hands in no lots.

    Time    none either after MOST_SECONDS: of a database that does not answer, the other metrics still tell.
    """
    if settings.insi_url is None or settings.insi_auto_certificate_file is None or settings.identity_master:
        return {}
    with suppress(*DATABASE_ERRORS, Unavailable, TimeoutError):
        async with asyncio.timeout(MOST_SECONDS):
            runners = [Runner(connections, tenant) for tenant in await tenant_numbers(connections)]
            return {"insi_lots_refused": sum([(await store.lots_about(it, FIRST_PAUSE)).refused for it in runners])}
    return {}
