"""The organisations that share a store: added and listed by the owner of the tables, who may see them all."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from usager_server.errors import Conflict, Unavailable
from usager_server.reaching import reach
from usager_server.repository.connections import Connection

ADD = """
INSERT INTO tenant (tenant, name)
VALUES (coalesce($1::int, (SELECT coalesce(max(tenant), 0) + 1 FROM tenant)), $2) RETURNING tenant
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisme gestionnaire: its number, which leads every key of its data, and its name."""

    number: int
    name: str


async def add_tenant(owner_url: str, name: str, number: int | None = None) -> Tenant:
    """Make a tenant and return it; its number is the next free one unless one is given.

    Errors  Conflict when the number is taken; Unavailable when the address is not that of the owner.
    """
    async with as_owner(owner_url) as connection:
        try:
            return Tenant(await connection.fetchval(ADD, number, name), name)
        except asyncpg.UniqueViolationError as error:
            raise Conflict(f"There is a tenant {number or 'of that number'} already: usager tenants list") from error


async def let_sign_in(owner_url: str, number: int, *, local: bool) -> None:
    """Say whether the professionals of a tenant may sign in without Pro Santé Connect.

    Errors  Conflict when there is no such tenant; Unavailable when the address is not that of the owner.
    """
    async with as_owner(owner_url) as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenant', $1, true)", str(number))
        done = await connection.execute("UPDATE tenant SET local_sign_in = $2 WHERE tenant = $1", number, local)
    if done != "UPDATE 1":
        raise Conflict(f"There is no tenant {number}: usager tenants list")


async def tenants(owner_url: str) -> Sequence[Tenant]:
    """Return every tenant, by number. Errors: Unavailable when the address is not that of the owner."""
    async with as_owner(owner_url) as connection:
        found = await connection.fetch("SELECT tenant, name FROM tenant ORDER BY tenant")
    return [Tenant(*row) for row in found]


@asynccontextmanager
async def as_owner(url: str) -> AsyncIterator[Connection]:
    """Yield a connection that owns the tables. Errors: Unavailable when the address is not that of the owner."""
    connection = await reach(url, "USAGER_DATABASE_OWNER_URL")
    try:
        await connection.execute("SET ROLE usager_owner")
        yield connection
    except asyncpg.InsufficientPrivilegeError as error:
        raise Unavailable("This is the owner's affair: set USAGER_DATABASE_OWNER_URL") from error
    finally:
        await connection.close()
