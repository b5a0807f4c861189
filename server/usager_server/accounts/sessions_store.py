"""Sessions in the database: read with the account as it is now, so that a suspension ends them at once."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from usager_server.accounts.accounts_store import COLUMNS as ACCOUNT
from usager_server.accounts.accounts_store import account_of
from usager_server.accounts.session import Exercise, SignedIn
from usager_server.repository.running import Runner, under_tenant

COLUMNS = (
    "sid", "authenticated", "created", "last_seen", "expires", "idle_seconds", "means", "acr", "exercise", "provider",
    "address", "agent",
)  # fmt: skip
SELECTED = ", ".join([*(f"s.{it} AS session_{it}" for it in COLUMNS), *(f"a.{it}" for it in ACCOUNT)])
JOINED = (
    f"SELECT {SELECTED} FROM session AS s JOIN account AS a ON a.tenant = s.tenant AND a.id = s.account"
    " WHERE s.tenant = t.tenant AND s.ended IS NULL AND "
)
BY_DIGEST = under_tenant(JOINED + "s.digest = $2 LIMIT 1")
BY_SID = under_tenant(JOINED + "s.sid = $2 LIMIT 1")
OF_ACCOUNT = under_tenant(JOINED + "s.account = $2 ORDER BY s.created DESC LIMIT 100")
BY_PROVIDER_SID = under_tenant(JOINED + "s.provider = $2 AND s.provider_sid = $3 LIMIT 100")
BY_PROVIDER_SUBJECT = under_tenant(JOINED + "s.provider = $2 AND s.provider_subject = $3 LIMIT 100")
TENANTS = "SELECT tenants_of_provider($2, $3, $4) WHERE $1::text IS NOT NULL"
OVERDUE = under_tenant(
    JOINED + "(s.expires <= $2 OR s.last_seen + make_interval(secs => s.idle_seconds) <= $2) LIMIT 500"
)
INSERT = """
INSERT INTO session (tenant, sid, digest, account, created, authenticated, last_seen, expires, idle_seconds, means, acr,
    exercise, address, agent, provider, provider_sid, provider_subject, provider_tokens)
VALUES ($1::text::int, $2, $3, $4, $5, $17, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
# Never backwards, and only once in a while: a session that is read often is not written often.
TOUCH = "UPDATE session SET last_seen = $3 WHERE tenant = $1::text::int AND sid = $2 AND last_seen < $3"
END = """
UPDATE session SET ended = $3, ended_because = $4, provider_tokens = NULL
WHERE tenant = $1::text::int AND sid = ANY ($2) AND ended IS NULL RETURNING sid
"""
RENEW = """
UPDATE session SET digest = $3, authenticated = $4, last_seen = $4, means = $5, acr = coalesce($6, acr)
WHERE tenant = $1::text::int AND sid = $2 AND ended IS NULL RETURNING sid
"""
CHOOSE = "UPDATE session SET exercise = $3 WHERE tenant = $1::text::int AND sid = $2 AND ended IS NULL RETURNING sid"
TOKENS = """
SELECT provider_tokens FROM session WHERE tenant = $1::text::int AND sid = $2 AND ended IS NULL FOR UPDATE
"""
KEEP_TOKENS = "UPDATE session SET provider_tokens = $3 WHERE tenant = $1::text::int AND sid = $2 AND ended IS NULL"


def signed_in_of(tenant: int, row: Any) -> SignedIn:
    """Return the session in a row."""
    found = {name: row[f"session_{name}"] for name in COLUMNS}
    exercise = found.pop("exercise")
    return SignedIn(
        account=account_of(tenant, row), exercise=Exercise(**json.loads(exercise)) if exercise else None, **found
    )


def exercise_text(exercise: Exercise | None) -> str | None:
    """Return an exercise situation as it is stored."""
    return None if exercise is None else json.dumps(asdict(exercise), ensure_ascii=False)


async def by_digest(runner: Runner, digest: bytes) -> SignedIn | None:
    """Return the session of a cookie, not ended but perhaps too old, or None."""
    return _first(runner, await runner.rows(BY_DIGEST, digest))


async def by_sid(runner: Runner, sid: uuid.UUID) -> SignedIn | None:
    """Return a session by its name, not ended but perhaps too old, or None."""
    return _first(runner, await runner.rows(BY_SID, sid))


async def of_account(runner: Runner, account: uuid.UUID) -> Sequence[SignedIn]:
    """Return the sessions of an account that are not ended, newest first."""
    return [signed_in_of(runner.tenant, row) for row in await runner.rows(OF_ACCOUNT, account)]


async def of_provider(runner: Runner, provider: str, sid: str | None, subject: str | None) -> Sequence[SignedIn]:
    """Return the sessions opened by a session of an identity provider or, without its sid, by a subject there."""
    statement, value = (BY_PROVIDER_SID, sid) if sid is not None else (BY_PROVIDER_SUBJECT, subject)
    return [signed_in_of(runner.tenant, row) for row in await runner.rows(statement, provider, value)]


async def tenants_of_provider(runner: Runner, provider: str, sid: str | None, subject: str | None) -> Sequence[int]:
    """Return the tenants that hold sessions opened by one of an identity provider, as in `of_provider`."""
    return [row[0] for row in await runner.rows(TENANTS, provider, sid, subject)]


async def overdue(runner: Runner, now: datetime) -> Sequence[SignedIn]:
    """Return sessions, 500 at most, that are over and that nobody has noticed to be."""
    return [signed_in_of(runner.tenant, row) for row in await runner.rows(OVERDUE, now)]


async def insert(runner: Runner, session: SignedIn, digest: bytes, **provider: Any) -> None:
    """Store a new session."""
    await runner.rows(
        INSERT,
        session.sid,
        digest,
        session.account.id,
        session.created,
        session.expires,
        session.idle_seconds,
        session.means,
        session.acr,
        exercise_text(session.exercise),
        session.address,
        session.agent,
        session.provider,
        provider.get("sid"),
        provider.get("subject"),
        provider.get("tokens"),
        session.authenticated,
        again=False,
    )


async def touch(runner: Runner, sid: uuid.UUID, now: datetime) -> None:
    """Note that the session was used."""
    await runner.rows(TOUCH, sid, now)


async def end(runner: Runner, sids: Sequence[uuid.UUID], now: datetime, because: str) -> Sequence[uuid.UUID]:
    """End sessions, and forget their tokens; return those that were not ended yet."""
    return [row[0] for row in await runner.rows(END, list(sids), now, because)]


async def renew(
    runner: Runner, sid: uuid.UUID, digest: bytes, now: datetime, means: str, acr: str | None = None
) -> bool:
    """Give a session another secret after a new proof; tell whether it was still there."""
    return bool(await runner.rows(RENEW, sid, digest, now, means, acr, again=False))


async def choose(runner: Runner, sid: uuid.UUID, exercise: Exercise) -> bool:
    """Note the exercise situation; tell whether the session was still there."""
    return bool(await runner.rows(CHOOSE, sid, exercise_text(exercise)))


async def tokens_held(runner: Runner, sid: uuid.UUID) -> bytes | None:
    """Return the sealed tokens of a session, which nobody else changes until the transaction ends; None without."""
    row = await runner.row(TOKENS, sid, again=False)
    return None if row is None else row[0]


async def keep_tokens(runner: Runner, sid: uuid.UUID, tokens: bytes | None) -> None:
    """Keep other sealed tokens, or none."""
    await runner.rows(KEEP_TOKENS, sid, tokens, again=False)


def _first(runner: Runner, rows: Sequence[Any]) -> SignedIn | None:
    return signed_in_of(runner.tenant, rows[0]) if rows else None
