"""A database beside the one that is served: filled and verified there, then put in its place by two renames at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

import asyncpg

from usager_server.errors import Conflict, Unavailable
from usager_server.reaching import reach
from usager_server.repository.connections import Connection
from usager_server.repository.copying import UNBOUNDED, seeing_all
from usager_server.repository.migrations.versions.v0001_store import ROLES, role_made

MAINTENANCE = "postgres"
BESIDE, BEFORE = "_restoring", "_replaced"
LONGEST_NAME = 63 - len(BESIDE)
# What an installation holds before anybody has used it.
BORN_WITH = ("alembic_version", "tenant", "cog_edition", "index_edition")

ALIKE = """
SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = $1
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
USED = """
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND c.relpersistence = 'p' AND c.relname <> ALL ($1) ORDER BY 1
"""
# Of those that a server was built with, the one that the migrations choose, else its own.
COMPRESSION = """
SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END FROM pg_settings
WHERE name = 'default_toast_compression'
"""
DOCUMENTS = "SELECT relid::text FROM pg_partition_tree('history') UNION ALL SELECT 'resource'"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database holds that would be lost if another took its place. Shape: last: when it was last written."""

    tenants: int
    resources: int
    last: datetime | None


def at_database(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{quote(name)}{'?' if parts.query else ''}{parts.query}"


def database_of(url: str) -> str:
    """Return the name of the database that an address means."""
    parts = urlsplit(url)
    return unquote(parts.path.lstrip("/")) or unquote(parts.username or "") or MAINTENANCE


async def standing(url: str) -> Standing | None:
    """Return what a database holds, None when it is not there, or nobody has used it yet."""
    async with _maintenance(url) as connection:
        if await connection.fetchrow(ALIKE, database_of(url)) is None:
            return None
    async with seeing_all(url) as connection:
        for (table,) in await connection.fetch(USED, BORN_WITH):
            if await connection.fetchval(f'SELECT EXISTS (SELECT FROM public."{table}")'):  # noqa: S608 - the catalogue's
                return await _standing(connection)
    return None


async def refuse_in_use(url: str) -> None:
    """Raise Conflict when somebody is connected to a database."""
    async with _maintenance(url) as connection:
        others = await connection.fetchval(OTHERS, database_of(url))
    if others:
        raise Conflict(f"{others} connections use the database: stop usager serve and usager worker first")


@asynccontextmanager
async def beside(url: str) -> AsyncIterator[str]:
    """Yield the address of an empty database beside this one; it is removed unless it has taken its place.

    Errors  Unavailable when the role may not make one; Conflict when another restoration is under way.
    """
    name = database_of(url)
    if len(name.encode()) > LONGEST_NAME:
        raise Unavailable(f"the name of the database is too long: {LONGEST_NAME} bytes at most")
    async with _maintenance(url) as connection:
        await _clear(connection, name)
        await _make_roles(connection)
        await _make(connection, name)
    try:
        yield at_database(url, name + BESIDE)
    finally:
        async with _maintenance(url) as connection:
            with suppress(asyncpg.ObjectInUseError):  # the next restoration removes it
                await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name + BESIDE)}")


async def take_place(url: str) -> None:
    """Put the database beside in the place of this one, which is then removed.

    Order   both renames are one transaction: whatever happens, one of the two is served, and whole.
    Errors  Conflict when somebody is connected to either.
    """
    name = database_of(url)
    async with _maintenance(url) as connection:
        try:
            async with connection.transaction():
                if await connection.fetchrow(ALIKE, name) is not None:
                    await connection.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(name + BEFORE)}")
                await connection.execute(f"ALTER DATABASE {_quoted(name + BESIDE)} RENAME TO {_quoted(name)}")
        except asyncpg.ObjectInUseError as error:
            raise Conflict("the database is in use: stop usager serve and usager worker first") from error
        with suppress(asyncpg.ObjectInUseError):  # the next restoration removes it
            await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name + BEFORE)}")


async def best_compression(connection: Connection) -> str:
    """Return how a server shall compress documents."""
    return str(await connection.fetchval(COMPRESSION))


async def compress(connection: Connection, compression: str) -> None:
    """Have the documents that are written from now on compressed like this."""
    for (table,) in await connection.fetch(DOCUMENTS):
        await connection.execute(f"ALTER TABLE {table} ALTER document SET COMPRESSION {compression}")


async def _standing(connection: Connection) -> Standing:
    tenants, resources, last = await connection.fetchrow(  # type: ignore[misc]  # an aggregate has a row
        "SELECT (SELECT count(*) FROM tenant), count(*), max(last_updated) FROM resource"
    )
    return Standing(tenants, resources, last)


async def _clear(connection: Connection, name: str) -> None:
    """Remove what a killed restoration left."""
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name + BESIDE)}")
        if await connection.fetchrow(ALIKE, name) is not None:
            await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name + BEFORE)}")
    except asyncpg.ObjectInUseError as error:
        raise Conflict("another restoration is under way, or the one before is just ending") from error


async def _make_roles(connection: Connection) -> None:
    for role in ROLES:
        await connection.execute(role_made(*role.split()))


async def _make(connection: Connection, name: str) -> None:
    """Make the database beside, with the owner, the encoding and the collation of the one that it may replace."""
    alike = await connection.fetchrow(ALIKE, name)
    words = "ENCODING 'UTF8'"
    if alike is not None:
        owner, encoding, collate, ctype = alike
        words = (
            f"OWNER {_quoted(owner)} ENCODING '{encoding}' LOCALE_PROVIDER libc"
            f" LC_COLLATE '{collate}' LC_CTYPE '{ctype}'"
        )
    await connection.execute(f"CREATE DATABASE {_quoted(name + BESIDE)} TEMPLATE template0 {words}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@asynccontextmanager
async def _maintenance(url: str) -> AsyncIterator[Connection]:
    """Yield a connection to the server's own database. Errors: Unavailable."""
    connection = await reach(at_database(url, MAINTENANCE), "USAGER_BACKUP_DATABASE_URL", UNBOUNDED)
    try:
        yield connection
    except asyncpg.InsufficientPrivilegeError as error:
        raise Unavailable(
            "USAGER_BACKUP_DATABASE_URL: this role may not make, rename and remove databases: restore as a superuser"
        ) from error
    finally:
        await connection.close()
