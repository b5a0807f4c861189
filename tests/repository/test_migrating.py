"""Migrations of a database that is in use: an index is made beside those who write, and by who comes after a kill."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.ids import row_numbers
from usager_server.repository.migrating import HEAD, migrate, schema_version

BEFORE_THE_INDEX = "0009"
TOKEN = "INSERT INTO index_token (tenant, head, tail, row) VALUES (1, 1, 1, $1)"
TRACE = """
INSERT INTO trace (tenant, row, outcome, kind, subject, type, id, patient, body)
VALUES (1, $1, 0, 'read', 'anne', '', '', '', '{}')
"""
GRANT = """
INSERT INTO client (tenant, id, document, made) VALUES (1, '1-app', '{}', now());
INSERT INTO authorization_grant (tenant, id, client, document, made, expires)
VALUES (1, gen_random_uuid(), '1-app', '{}', now(), now());
"""
BROKEN = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
IS_MAKING = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('index_token_held'))"
IS_WHOLE = "SELECT indisvalid AND indisunique FROM pg_index WHERE indexrelid = to_regclass('index_token_held')"


@pytest.fixture
async def url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database in use, at the step before the index."""
    owner = await asyncpg.connect(postgres.url())
    await owner.execute("CREATE DATABASE in_use")
    url = postgres.url(database="in_use")
    await migrate(url, BEFORE_THE_INDEX)
    inside = await asyncpg.connect(url)
    await inside.execute(TOKEN, 1)
    await inside.execute(TRACE, row_numbers.next())
    await inside.execute(GRANT)
    await inside.close()
    yield url
    await owner.execute("DROP DATABASE in_use WITH (FORCE)")
    await owner.close()


async def _until_it_is_being_made(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with asyncio.timeout(20):
        while not await connection.fetchval(IS_MAKING):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)


async def test_others_write_while_an_index_is_made(url: str) -> None:
    slow, other = await asyncpg.connect(url), await asyncpg.connect(url, server_settings={"lock_timeout": "1s"})
    writing = slow.transaction()
    await writing.start()
    await slow.execute(TOKEN, 2)  # the index waits for this transaction
    migration = asyncio.create_task(migrate(url))
    await _until_it_is_being_made(other)
    await other.execute(TOKEN, 3)
    assert not migration.done()
    await writing.commit()
    async with asyncio.timeout(30):
        await migration
    assert await other.fetchval(IS_WHOLE)
    assert await other.fetch(BROKEN) == []
    await slow.close()
    await other.close()


async def test_an_index_that_was_broken_off_is_made_again(url: str) -> None:
    slow, other = await asyncpg.connect(url), await asyncpg.connect(url)
    writing = slow.transaction()
    await writing.start()
    await slow.execute(TOKEN, 2)
    migration = asyncio.create_task(migrate(url))
    await _until_it_is_being_made(other)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE INDEX CONC%'"
    )
    with pytest.raises(SQLAlchemyError):
        await migration
    await writing.commit()
    assert not await other.fetchval(IS_WHOLE)
    async with asyncio.timeout(30):
        await asyncio.gather(*(migrate(url) for _ in range(2)))
    assert await other.fetchval(IS_WHOLE)
    assert await schema_version(other) == HEAD
    await slow.close()
    await other.close()
