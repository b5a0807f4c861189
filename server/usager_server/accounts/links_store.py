"""Attachments to national identities in the database."""

import uuid
from datetime import datetime

from usager_server.accounts.account import Account
from usager_server.accounts.accounts_store import SELECTED, account_of
from usager_server.accounts.linking import Attachment
from usager_server.repository.running import Runner, under_tenant

ATTACHED = under_tenant(
    f"SELECT {SELECTED}, l.subject AS link_subject FROM account_link AS l"
    " JOIN account AS a ON a.tenant = l.tenant AND a.id = l.account"
    " WHERE l.tenant = t.tenant AND l.issuer = $2 AND l.national_id = $3 LIMIT 1"
)
OF_ACCOUNT = under_tenant(
    "SELECT l.issuer, l.national_id, l.subject FROM account_link AS l"
    " WHERE l.tenant = t.tenant AND l.account = $2 LIMIT 10"
)
ATTACH = """
INSERT INTO account_link (tenant, made, account, issuer, national_id, subject)
VALUES ($1::text::int, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING account
"""
DETACH = "DELETE FROM account_link WHERE tenant = $1::text::int AND account = $2 RETURNING issuer"


async def attached(runner: Runner, issuer: str, national_id: str) -> tuple[Account, Attachment] | None:
    """Return the account attached to an identity, or None."""
    row = await runner.row(ATTACHED, issuer, national_id)
    if row is None:
        return None
    return account_of(runner.tenant, row), Attachment(issuer, national_id, row["link_subject"])


async def of_account(runner: Runner, account: uuid.UUID) -> list[Attachment]:
    """Return what an account is attached to."""
    return [Attachment(*row) for row in await runner.rows(OF_ACCOUNT, account)]


async def attach(runner: Runner, account: uuid.UUID, to: Attachment, now: datetime) -> bool:
    """Attach an account, inside a transaction; False when somebody else has just taken the identity."""
    made = await runner.row(ATTACH, now, account, to.issuer, to.national_id, to.subject, again=False)
    return made is not None


async def detach(runner: Runner, account: uuid.UUID) -> bool:
    """Take an account's attachments away, inside a transaction; tell whether there were any."""
    return bool(await runner.rows(DETACH, account, again=False))
