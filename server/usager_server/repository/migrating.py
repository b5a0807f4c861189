"""Bring the schema up to date: one process does it, the others wait, a second run does nothing."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0010"
LOCK = 7310400  # the number of the advisory lock; any would do, the same for ever
LOCK_SECONDS = 5


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


async def migrate(url: str) -> None:
    """Run the missing steps, all or nothing, on the database of an owner's address.

    Errors  a table locked for long by the serving version stops the migration (lock_timeout), which may be run again.
    """
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)
    await engine.dispose()


def _upgrade(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    command.upgrade(config, "head")
