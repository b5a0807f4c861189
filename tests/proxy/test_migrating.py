"""The schema of the proxy: its role belongs to the cluster, where another database may make it at the same moment."""

import asyncio

import asyncpg

from tests.conftest import FAST
from tests.proxy.conftest import ordered, until
from usager_server.proxy.migrating import migrate, schema_version
from usager_server.repository.embedded import EmbeddedPostgres

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'one' AND wait_event_type = 'Lock'"


async def test_a_role_that_another_migration_is_making_is_waited_for(tmp_path):
    cluster = EmbeddedPostgres(tmp_path / "postgres", options=FAST)
    cluster.start()
    try:
        await ordered(cluster, "CREATE DATABASE one")
        other, looking = await asyncpg.connect(cluster.url()), await asyncpg.connect(cluster.url())
        async with other.transaction():
            await other.execute("CREATE ROLE usager_proxy LOGIN")
            migration = asyncio.create_task(migrate(cluster.url(database="one")))
            await until(lambda: looking.fetchval(WAITING))
        await migration
        made = await asyncpg.connect(cluster.url(database="one"))
        assert await schema_version(made) is not None
        await made.close()
        await other.close()
        await looking.close()
    finally:
        cluster.stop()
