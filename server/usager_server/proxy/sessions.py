"""Sessions as they lie in the database: opened, used, renewed, ended; the traces of each act beside it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from usager_server.national.psc.tokens import PscTokens
from usager_server.proxy.database import Database
from usager_server.proxy.session import Held, Session, api_token, psc_tokens, text_of, text_without_access
from usager_server.proxy.trace import Trace
from usager_server.proxy.traces import record
from usager_server.sealing import Sealer

COLUMNS = "session.digest, session.client_id, session.national_id, session.session_state, session.shown_id"
IS_LIVE = (
    "session.ended IS NULL AND session.ends > $1 AND session.last_used > $2 AND session.digest = $3"
    " AND session.client_id = ANY($4)"
)

OPEN = """
INSERT INTO proxy.session
    (opened, last_used, ends, digest, client_id, national_id, session_state, shown_id, refresh_by, tokens)
VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
KEEP_ONE = """
INSERT INTO proxy.api_token (digest, backend, expires, certificate, token)
SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT FROM proxy.session WHERE digest = $1 AND ended IS NULL)
ON CONFLICT (digest, backend) DO UPDATE
SET expires = excluded.expires, certificate = excluded.certificate, token = excluded.token
"""
TOKENS = """
SELECT tokens FROM proxy.session WHERE digest = $1 AND ($2::timestamptz IS NULL OR refresh_by <= $2)
"""
KEEP_TOKENS = "UPDATE proxy.session SET refresh_by = $2, tokens = $3 WHERE digest = $1"
LIVE = f"SELECT {COLUMNS} FROM proxy.session AS session WHERE {IS_LIVE}"  # noqa: S608
USE = f"""
WITH used AS (
    UPDATE proxy.session AS session SET last_used = $1 WHERE {IS_LIVE}
    RETURNING {COLUMNS}, session.refresh_by
)
SELECT used.*, held.certificate, held.token
FROM used LEFT JOIN proxy.api_token AS held ON held.digest = used.digest AND held.backend = $5
"""  # noqa: S608 - our own words
END = f"""
UPDATE proxy.session AS session SET ended = $1, leased_until = $5
WHERE {IS_LIVE} RETURNING {COLUMNS}
"""  # noqa: S608
END_EXPIRED = f"""
UPDATE proxy.session AS session SET ended = $1 WHERE session.digest IN (
    SELECT digest FROM proxy.session WHERE ended IS NULL AND (ends <= $1 OR last_used <= $2)
    ORDER BY ends LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING {COLUMNS}, session.ends <= $1 AS is_old
"""  # noqa: S608
LEASE = f"""
UPDATE proxy.session AS session SET leased_until = $2 WHERE session.digest IN (
    SELECT digest FROM proxy.session WHERE ended IS NOT NULL AND (leased_until IS NULL OR leased_until < $1)
    ORDER BY ended LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING {COLUMNS}, session.ended
"""  # noqa: S608


REFRESH_LIFE = timedelta(minutes=30)  # that of Pro Santé Connect, for an answer that does not tell it


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives: at most, and unused."""

    absolute: timedelta = timedelta(hours=4)
    idle: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Used:
    """A session in use. Shape: refresh_by is when its refresh token ends, None without one; held None: no token yet."""

    session: Session
    refresh_by: datetime | None
    held: Held | None


class Sessions:
    """The store. Shape: every instant is given by the caller, so that one clock decides."""

    def __init__(self, database: Database, sealer: Sealer, lifetime: Lifetime) -> None:
        self.database = database
        self._sealer, self._lifetime = sealer, lifetime
        self._here: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        # who is alone holds a connection and needs another one: half of them are left for that
        self._alone_at_once = asyncio.Semaphore(max(1, database.size // 2))

    async def open(
        self, session: Session, tokens: PscTokens, held: Mapping[str, Held], now: datetime, trace: Trace
    ) -> None:
        """Keep a new session with its tokens, and its trace. Errors: Unavailable; nothing is kept then."""
        sealed = self._sealer.seal(_purpose(session.digest), text_without_access(tokens))
        async with self.database.transaction() as connection:
            await connection.execute(
                OPEN,
                now,
                now + self._lifetime.absolute,
                session.digest,
                session.client_id,
                session.national_id,
                session.session_state,
                session.shown_id,
                refresh_by(tokens, now),
                sealed,
            )
            for backend, each in held.items():
                await self._keep(connection, session.digest, backend, each)
            await record(connection, trace)

    async def live(self, digest: bytes, clients: Collection[str], now: datetime) -> Session | None:
        """Return a session of one of these clients that is live, without counting it as used."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(LIVE, now, now - self._lifetime.idle, digest, list(clients))
        return _session(row) if row else None

    async def use(
        self, connection: Any, digest: bytes, clients: Collection[str], backend: str, now: datetime
    ) -> Used | None:
        """Return a live session with its token for an API, and count it as used; None when there is no such session."""
        row = await connection.fetchrow(USE, now, now - self._lifetime.idle, digest, list(clients), backend)
        if row is None:
            return None
        return Used(_session(row), row["refresh_by"], self._held(digest, backend, row) if row["token"] else None)

    async def held(self, digest: bytes, backend: str) -> Held | None:
        """Return the token of an API that a session holds."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT certificate, token FROM proxy.api_token WHERE digest = $1 AND backend = $2", digest, backend
            )
        return self._held(digest, backend, row) if row else None

    async def all_held(self, digest: bytes) -> dict[str, Held]:
        """Return every token of an API that a session holds."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT backend, certificate, token FROM proxy.api_token WHERE digest = $1", digest
            )
        return {row["backend"]: self._held(digest, row["backend"], row) for row in rows}

    async def keep_api_token(self, digest: bytes, backend: str, held: Held) -> bool:
        """Keep a token for an API; False when the session has ended meanwhile, and the token must be revoked."""
        async with self.database.connection() as connection:
            return await self._keep(connection, digest, backend, held)

    async def forget_api_token(self, digest: bytes, backend: str) -> None:
        """Forget a token that an API does not take any more."""
        async with self.database.connection() as connection:
            await connection.execute("DELETE FROM proxy.api_token WHERE digest = $1 AND backend = $2", digest, backend)

    async def tokens(self, digest: bytes, *, unless_refreshed_since: datetime | None = None) -> PscTokens | None:
        """Return the tokens of Pro Santé Connect; None when the session is gone, or they were refreshed meanwhile.

        Shape   the access token is empty: it was never kept.
        """
        async with self.database.connection() as connection:
            sealed = await connection.fetchval(TOKENS, digest, unless_refreshed_since)
        return psc_tokens(self._sealer.open(_purpose(digest), sealed)) if sealed else None

    async def keep_tokens(self, digest: bytes, tokens: PscTokens, now: datetime) -> None:
        """Keep new tokens of Pro Santé Connect in the place of those before."""
        sealed = self._sealer.seal(_purpose(digest), text_without_access(tokens))
        async with self.database.connection() as connection:
            await connection.execute(KEEP_TOKENS, digest, refresh_by(tokens, now), sealed)

    async def end(
        self, connection: Any, digest: bytes, clients: Collection[str], now: datetime, lease: timedelta
    ) -> Session | None:
        """End a live session: it is over, and its tokens are the caller's to revoke for the time of the lease."""
        row = await connection.fetchrow(END, now, now - self._lifetime.idle, digest, list(clients), now + lease)
        return _session(row) if row else None

    async def end_expired(self, connection: Any, now: datetime, most: int) -> list[tuple[Session, str]]:
        """End the sessions whose time is over, each with the reason; their tokens wait to be revoked."""
        rows = await connection.fetch(END_EXPIRED, now, now - self._lifetime.idle, most)
        return [(_session(row), "absolute time-out" if row["is_old"] else "idle time-out") for row in rows]

    async def lease_ended(self, now: datetime, lease: timedelta, most: int) -> list[tuple[Session, datetime]]:
        """Return ended sessions whose tokens nobody is revoking, with when they ended; they are the caller's now."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(LEASE, now, now + lease, most)
        return [(_session(row), row["ended"]) for row in rows]

    async def remove(self, digest: bytes) -> None:
        """Forget an ended session, and its tokens."""
        async with self.database.connection() as connection:
            await connection.execute("DELETE FROM proxy.session WHERE digest = $1 AND ended IS NOT NULL", digest)

    @asynccontextmanager
    async def alone(self, digest: bytes) -> AsyncIterator[None]:
        """Be the only one, in all processes, to renew or revoke the tokens of a session. Errors: Unavailable."""
        number = int.from_bytes(digest[:8], signed=True)
        here = self._here.setdefault(digest, asyncio.Lock())
        async with here, self._alone_at_once, self.database.connection() as connection:
            await connection.execute("SELECT pg_advisory_lock($1)", number)
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", number)

    async def _keep(self, connection: Any, digest: bytes, backend: str, held: Held) -> bool:
        sealed = self._sealer.seal(_purpose(digest, backend), text_of(held.token))
        done = await connection.execute(KEEP_ONE, digest, backend, held.token.expires, held.certificate, sealed)
        return bool(done != "INSERT 0 0")

    def _held(self, digest: bytes, backend: str, row: Mapping[str, Any]) -> Held:
        return Held(api_token(self._sealer.open(_purpose(digest, backend), row["token"])), row["certificate"])


def _purpose(digest: bytes, backend: str = "Pro Santé Connect") -> str:
    return f"proxy token of {digest.hex()} for {backend}"


def _session(row: Mapping[str, Any]) -> Session:
    return Session(row["digest"], row["client_id"], row["national_id"], row["session_state"], row["shown_id"])


def refresh_by(tokens: PscTokens, now: datetime) -> datetime | None:
    """Return when the refresh token ends, None without one."""
    if not tokens.refresh_token:
        return None
    return tokens.refresh_expires or now + REFRESH_LIFE
