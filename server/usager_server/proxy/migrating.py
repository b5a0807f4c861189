"""Brings the tables of the proxy up to date, in a schema of their own; a second run does nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from usager_server.reaching import reach

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0001"
LOCK = 7310402  # the number of the advisory lock; any would do, the same for ever


async def schema_version(connection: "asyncpg.Connection[Any]") -> str | None:
    """Return the step the schema is at, or None when there is no schema."""
    if await connection.fetchval("SELECT to_regclass('proxy.alembic_version')") is None:
        return None
    version = await connection.fetchval("SELECT version_num FROM proxy.alembic_version")
    return None if version is None else str(version)


async def migrate(url: str) -> None:
    """Run the missing steps, all or nothing, on the database of an owner's address. Errors: Unavailable."""
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> "asyncpg.Connection[Any]":
        return await reach(url, "database_owner_url")

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS proxy")
    command.upgrade(config, "head")
