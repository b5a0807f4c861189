"""Bring the schema up to date: one process does it, the others wait, a second run does nothing.

Each step is a transaction, which notes that it is done; an index on a table that people are writing to is made outside
of one (`migrations/indexes.py`), so a run that is broken off goes on at the step it was at.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from usager_server.reaching import reach

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0015"
LOCK = 7310400  # the number of the advisory lock; any would do, the same for ever
LOCK_SECONDS = 5
TURN_SECONDS = 0.2


async def schema_version(connection: "asyncpg.Connection[Any]") -> str | None:
    """Return the step the schema is at, or None when there is no schema. Time: a round trip, no alembic."""
    if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return None
    version = await connection.fetchval("SELECT version_num FROM public.alembic_version")
    return None if version is None else str(version)


def read_migrations() -> None:
    """Import what `migrate` needs: half a second, best spent while something else is waited for."""
    for module in ("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.asyncpg", "alembic.command"):
        import_module(module)


async def migrate(url: str, step: str = "head") -> None:
    """Run the missing steps up to this one, each all or nothing, on the database of an owner's address.

    Errors  Unavailable when the database cannot be reached; a table locked for long by the serving version stops the
            step (lock_timeout), which may be run again.
    """
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(url, server_settings={"lock_timeout": f"{LOCK_SECONDS}s"})

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with _turn(url), engine.connect() as connection:
        await connection.run_sync(_upgrade, step)
    await engine.dispose()


@asynccontextmanager
async def _turn(url: str) -> AsyncIterator[None]:
    """Wait for those who migrate this database already.

    Order   whoever waits asks again and again, and is in no statement meanwhile: an index that is made concurrently
            waits for every statement under way, and would wait for one that waits for it.
    """
    connection = await reach(url, "USAGER_DATABASE_OWNER_URL")
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - see above
            await asyncio.sleep(TURN_SECONDS)
        yield
    finally:
        await connection.close()


def _upgrade(connection: "Connection", step: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, step)
