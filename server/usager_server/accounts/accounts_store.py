"""Accounts in the database: one statement a function, inside a transaction of the caller's."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from usager_server.accounts.account import Account, Kind, Link, State
from usager_server.errors import Conflict
from usager_server.repository.running import Runner, under_tenant

COLUMNS = (
    "id", "username", "kind", "state", "family", "given", "created", "until", "failures", "delayed_until", "locked",
    "locked_until", "psc", "rpps", "rpps_checked", "profession", "specialty", "mssante", "practitioner", "roles",
    "structures",
)  # fmt: skip
SELECTED = ", ".join(f"a.{name}" for name in COLUMNS)
WRITTEN = frozenset(COLUMNS) - {"id", "created", "kind", "username"}

BY_ID = under_tenant(f"SELECT {SELECTED} FROM account AS a WHERE a.tenant = t.tenant AND a.id = $2 LIMIT 1")
BY_NAME = under_tenant(f"SELECT {SELECTED} FROM account AS a WHERE a.tenant = t.tenant AND a.username = $2 LIMIT 1")
BY_RPPS = under_tenant(
    f"SELECT {SELECTED} FROM account AS a WHERE a.tenant = t.tenant AND a.rpps = $2"
    " AND a.state <> 'disabled' ORDER BY a.created LIMIT 2"
)
LISTED = under_tenant(
    f"SELECT {SELECTED} FROM account AS a WHERE a.tenant = t.tenant AND a.username > $2 ORDER BY a.username LIMIT $3"
)
LOCK = f"SELECT {SELECTED} FROM account AS a WHERE a.tenant = $1::text::int AND a.id = $2 FOR UPDATE"
INSERT = (
    f"INSERT INTO account (tenant, {', '.join(COLUMNS)})"
    f" VALUES ($1::text::int, {', '.join(f'${n}' for n in range(2, len(COLUMNS) + 2))})"
    " ON CONFLICT (tenant, username) DO NOTHING RETURNING id"
)


def account_of(tenant: int, row: Any) -> Account:
    """Return the account in a row."""
    found = {name: row[name] for name in COLUMNS}
    structures = found["structures"]
    return Account(
        tenant=tenant,
        **{
            **found,
            "kind": Kind(found["kind"]),
            "state": State(found["state"]),
            "psc": Link(found["psc"]),
            "roles": tuple(found["roles"]),
            "structures": None if structures is None else tuple(structures),
        },
    )


async def by_id(runner: Runner, account: uuid.UUID) -> Account | None:
    """Return an account, or None."""
    row = await runner.row(BY_ID, account)
    return None if row is None else account_of(runner.tenant, row)


async def by_name(runner: Runner, username: str) -> Account | None:
    """Return the account of a user name, or None."""
    row = await runner.row(BY_NAME, username)
    return None if row is None else account_of(runner.tenant, row)


async def by_rpps(runner: Runner, rpps: str) -> Sequence[Account]:
    """Return the accounts, two at most, that bear an RPPS and are not disabled."""
    return [account_of(runner.tenant, row) for row in await runner.rows(BY_RPPS, rpps)]


async def listed(runner: Runner, after: str, count: int) -> Sequence[Account]:
    """Return accounts in the order of their user names, those after one."""
    return [account_of(runner.tenant, row) for row in await runner.rows(LISTED, after, count)]


async def locked(runner: Runner, account: uuid.UUID) -> Account | None:
    """Return an account that nobody else changes until the transaction ends, or None."""
    row = await runner.row(LOCK, account, again=False)
    return None if row is None else account_of(runner.tenant, row)


async def insert(runner: Runner, account: Account) -> None:
    """Store a new account. Errors: Conflict (409) when its user name is taken."""
    values = (_stored(getattr(account, name)) for name in COLUMNS)
    if await runner.row(INSERT, *values, again=False) is None:
        raise Conflict("There is an account of that name already", "username")


async def change(runner: Runner, account: uuid.UUID, changes: Mapping[str, Any]) -> None:
    """Change some attributes of an account, by their names."""
    if not changes:
        return
    assert changes.keys() <= WRITTEN, changes.keys() - WRITTEN  # noqa: S101 - names become SQL
    assigned = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, 3))
    await runner.rows(
        f"UPDATE account SET {assigned} WHERE tenant = $1::text::int AND id = $2",
        account,
        *map(_stored, changes.values()),
        again=False,
    )


async def local_sign_in(runner: Runner) -> bool:
    """Tell whether the tenant lets its professionals sign in without Pro Santé Connect."""
    row = await runner.row(under_tenant("SELECT local_sign_in FROM tenant WHERE tenant.tenant = t.tenant LIMIT 1"))
    return row is not None and bool(row[0])


async def tenant_name(runner: Runner) -> str:
    """Return the name of the tenant."""
    row = await runner.row(under_tenant("SELECT name FROM tenant WHERE tenant.tenant = t.tenant LIMIT 1"))
    return "" if row is None else str(row[0])


def _stored(value: Any) -> Any:
    if isinstance(value, datetime | uuid.UUID | bool | int) or value is None:
        return value
    return list(value) if isinstance(value, tuple) else str(value)
