"""Passwords and second factors in the database: hashes, sealed secrets, and what was used last."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from usager_server.repository.running import Runner, under_tenant

PASSWORDS = under_tenant(
    "SELECT hash, made FROM account_password AS p WHERE p.tenant = t.tenant AND p.account = $2"
    " ORDER BY p.made DESC LIMIT 20"
)
ADD_HASH = "INSERT INTO account_password (tenant, account, made, hash) VALUES ($1::text::int, $2, $3, $4)"
REHASH = "UPDATE account_password SET hash = $4 WHERE tenant = $1::text::int AND account = $2 AND hash = $3"
FORGET_PASSWORDS = """
DELETE FROM account_password WHERE tenant = $1::text::int AND account = $2 AND made < (
    SELECT min(made) FROM (
        SELECT made FROM account_password WHERE tenant = $1::text::int AND account = $2 ORDER BY made DESC LIMIT $3
    ) AS kept
)
"""
FACTORS = under_tenant(
    "SELECT id, kind, name, secret, credential, last_used, made FROM account_factor AS f"
    " WHERE f.tenant = t.tenant AND f.account = $2 AND f.confirmed ORDER BY f.made LIMIT 20"
)
ADD_FACTOR = """
INSERT INTO account_factor (tenant, account, id, kind, name, secret, credential, last_used, made, confirmed)
VALUES ($1::text::int, $2, $3, $4, $5, $6, $7, $8, $9, true)
"""
# Only forward: of two who show one code at once, one wins.
USE_FACTOR = """
UPDATE account_factor SET last_used = $4
WHERE tenant = $1::text::int AND account = $2 AND id = $3 AND last_used < $4 RETURNING id
"""
REMOVE_FACTOR = "DELETE FROM account_factor WHERE tenant = $1::text::int AND account = $2 AND id = $3 RETURNING id"


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor. Shape: kind "totp" or "webauthn"; secret is sealed; last_used: what must be exceeded."""

    id: uuid.UUID
    kind: str
    name: str
    secret: bytes
    credential: bytes | None
    last_used: int
    made: datetime


async def passwords(runner: Runner, account: uuid.UUID) -> Sequence[tuple[str, datetime]]:
    """Return the hashes of an account, newest first, with when each was made; the first is in force."""
    return [(row["hash"], row["made"]) for row in await runner.rows(PASSWORDS, account)]


async def add_password(runner: Runner, account: uuid.UUID, made: datetime, stored: str, kept: int) -> None:
    """Put a hash in force, inside a transaction; keep this many, the newest."""
    await runner.rows(ADD_HASH, account, made, stored, again=False)
    await runner.rows(FORGET_PASSWORDS, account, kept, again=False)


async def rehash(runner: Runner, account: uuid.UUID, before: str, after: str) -> None:
    """Put another hash of the same password in its place, inside a transaction."""
    await runner.rows(REHASH, account, before, after, again=False)


async def factors(runner: Runner, account: uuid.UUID) -> Sequence[Factor]:
    """Return the second factors of an account, oldest first."""
    return [Factor(**dict(row)) for row in await runner.rows(FACTORS, account)]


async def add_factor(runner: Runner, account: uuid.UUID, factor: Factor) -> None:
    """Store a second factor that has just been shown to work, inside a transaction."""
    await runner.rows(
        ADD_FACTOR,
        account,
        factor.id,
        factor.kind,
        factor.name,
        factor.secret,
        factor.credential,
        factor.last_used,
        factor.made,
        again=False,
    )


async def use_factor(runner: Runner, account: uuid.UUID, factor: uuid.UUID, used: int) -> bool:
    """Note what was used, inside a transaction; False when that, or something later, was used before."""
    return bool(await runner.rows(USE_FACTOR, account, factor, used, again=False))


async def remove_factor(runner: Runner, account: uuid.UUID, factor: uuid.UUID) -> bool:
    """Remove a second factor, inside a transaction; tell whether it was there."""
    return bool(await runner.rows(REMOVE_FACTOR, account, factor, again=False))
