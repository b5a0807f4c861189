"""The tables as declared and as migrated are the same; the migrations run twice, and at once."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from tests.conftest import Database
from usager_server.repository import account_tables, migrations, tables
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.migrating import HEAD, migrate, schema_version


async def test_declared_and_migrated_are_the_same(database: Database) -> None:
    async def connect() -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(database.superuser_url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
    await engine.dispose()
    assert differences == []


async def test_every_table_is_declared(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    found = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT relispartition"
    )
    await connection.close()
    assert {row[0] for row in found} - {"alembic_version"} == _names()


def _differences(connection: Connection) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    ours = _names()

    def included(_thing: object, name: str | None, kind: str, _reflected: bool, other: object) -> bool:
        return kind != "table" or name in ours

    context = MigrationContext.configure(connection, opts={"include_object": included, "compare_type": True})
    return list(compare_metadata(context, SQLModel.metadata))


def _names() -> set[str]:
    rooms = (tables, account_tables)
    classes = [it for room in rooms for it in vars(room).values() if isinstance(it, type) and it is not SQLModel]
    return {one.__tablename__ for one in classes if issubclass(one, SQLModel)}  # type: ignore[misc]


async def test_migrations_run_at_once_and_again(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE DATABASE migrated_at_once")
    url = postgres.url(database="migrated_at_once")
    await asyncio.gather(*(migrate(url) for _ in range(3)))
    await migrate(url)
    inside = await asyncpg.connect(url)
    assert await schema_version(inside) == HEAD
    await inside.close()
    await connection.execute("DROP DATABASE migrated_at_once")
    await connection.close()


def test_head_is_the_last_step() -> None:
    steps = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("v*.py"))
    assert steps[-1].startswith(f"v{HEAD}_")
