"""Contact details in the database: one row for each account and kind."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from usager_server.repository.running import Runner, under_tenant

COLUMNS = "kind, value, verified, pending, code, expires, tries, sent"
OF_ACCOUNT = under_tenant(
    f"SELECT {COLUMNS} FROM account_contact AS c WHERE c.tenant = t.tenant AND c.account = $2 LIMIT 10"
)
CLAIM = """
INSERT INTO account_contact (tenant, account, kind) VALUES ($1::text::int, $2, $3) ON CONFLICT DO NOTHING
"""
LOCK = f"SELECT {COLUMNS} FROM account_contact WHERE tenant = $1::text::int AND account = $2 AND kind = $3 FOR UPDATE"
PUT = """
UPDATE account_contact SET pending = $4, code = $5, expires = $6, tries = 0, sent = $7
WHERE tenant = $1::text::int AND account = $2 AND kind = $3
"""
COUNT = "UPDATE account_contact SET tries = tries + 1 WHERE tenant = $1::text::int AND account = $2 AND kind = $3"
CONFIRM = """
UPDATE account_contact SET value = pending, verified = $4, pending = NULL, code = NULL, expires = NULL
WHERE tenant = $1::text::int AND account = $2 AND kind = $3
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact detail. Shape: value is in force since verified; pending waits for its code until expires."""

    kind: str
    value: str | None = None
    verified: datetime | None = None
    pending: str | None = None
    code: bytes | None = field(default=None, repr=False)
    expires: datetime | None = None
    tries: int = 0
    sent: tuple[datetime, ...] = ()


def _contact(row: Any) -> Contact:
    return Contact(**{**dict(row), "sent": tuple(row["sent"])})


async def of_account(runner: Runner, account: uuid.UUID) -> dict[str, Contact]:
    """Return the contact details of an account, by kind."""
    return {row["kind"]: _contact(row) for row in await runner.rows(OF_ACCOUNT, account)}


async def locked(runner: Runner, account: uuid.UUID, kind: str) -> Contact:
    """Return a contact detail, empty when there was none, which nobody else changes until the transaction ends."""
    await runner.rows(CLAIM, account, kind, again=False)
    row = await runner.row(LOCK, account, kind, again=False)
    assert row is not None  # noqa: S101 - claimed above
    return _contact(row)


async def put(runner: Runner, account: uuid.UUID, contact: Contact) -> None:
    """Note what waits, inside a transaction."""
    await runner.rows(
        PUT, account, contact.kind, contact.pending, contact.code, contact.expires, list(contact.sent), again=False
    )


async def count_try(runner: Runner, account: uuid.UUID, kind: str) -> None:
    """Count a wrong code, inside a transaction."""
    await runner.rows(COUNT, account, kind, again=False)


async def confirm(runner: Runner, account: uuid.UUID, kind: str, now: datetime) -> None:
    """Put what waited in force, inside a transaction."""
    await runner.rows(CONFIRM, account, kind, now, again=False)
