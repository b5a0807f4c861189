"""Tickets: what may be shown once, and not for long; only the digest of what its bearer shows is stored."""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from usager_server.repository.running import Runner, under_tenant
from usager_server.sealing import Sealer, SealError

PUT = """
INSERT INTO ticket (tenant, kind, digest, account, expires, data) VALUES ($1::text::int, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, kind, digest) DO NOTHING RETURNING kind
"""
TAKE = """
DELETE FROM ticket WHERE tenant = $1::text::int AND kind = $2 AND digest = $3 RETURNING account, expires, data
"""
LOOK = under_tenant(
    "SELECT account, expires, data FROM ticket WHERE ticket.tenant = t.tenant AND kind = $2 AND digest = $3 LIMIT 1"
)
HOLD = """
SELECT account, expires, data FROM ticket WHERE tenant = $1::text::int AND kind = $2 AND digest = $3 FOR UPDATE
"""
CHANGE = "UPDATE ticket SET data = $4 WHERE tenant = $1::text::int AND kind = $2 AND digest = $3"
RENEW = "UPDATE ticket SET data = $4, expires = $5 WHERE tenant = $1::text::int AND kind = $2 AND digest = $3"
FORGET_ACCOUNT = "DELETE FROM ticket WHERE tenant = $1::text::int AND kind = $2 AND account = $3"
FORGET_OLD = "DELETE FROM ticket WHERE tenant = $1::text::int AND expires <= $2 RETURNING kind"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket stands for. Shape: account: whose it is, when it is somebody's; data is JSON."""

    account: uuid.UUID | None
    data: Mapping[str, Any]


class Tickets:
    """Tickets of one kind; their data are sealed.

    Order   a ticket that was taken is gone, even if what was to be done with it fails.
    """

    def __init__(self, kind: str, lifetime: timedelta, sealer: Sealer) -> None:
        self.kind = kind
        self.lifetime = lifetime
        self._sealer = sealer

    async def put(
        self,
        runner: Runner,
        now: datetime,
        data: Mapping[str, Any],
        account: uuid.UUID | None = None,
        secret: str | None = None,
    ) -> str | None:
        """Store a ticket inside a transaction; return its secret, or None when this secret is there already."""
        secret = secrets.token_urlsafe(32) if secret is None else secret
        sealed = self._sealer.seal(self._purpose(runner), orjson.dumps(data))
        made = await runner.row(PUT, self.kind, _digest(secret), account, now + self.lifetime, sealed, again=False)
        return None if made is None else secret

    async def take(self, runner: Runner, now: datetime, secret: str) -> Ticket | None:
        """Return what a secret stands for, once, inside a transaction; None when it is unknown, used or too old."""
        return self._read(runner, now, await runner.row(TAKE, self.kind, _digest(secret), again=False))

    async def look(self, runner: Runner, now: datetime, secret: str) -> Ticket | None:
        """Return what a secret stands for, and leave it; None as in `take`."""
        return self._read(runner, now, await runner.row(LOOK, self.kind, _digest(secret)))

    async def hold(self, runner: Runner, now: datetime, secret: str) -> Ticket | None:
        """Return what a secret stands for, which nobody else changes until the transaction ends; None as in `take`."""
        return self._read(runner, now, await runner.row(HOLD, self.kind, _digest(secret), again=False))

    async def renew(self, runner: Runner, now: datetime, secret: str, data: Mapping[str, Any]) -> None:
        """Give a ticket other data and its whole life again, inside a transaction."""
        sealed = self._sealer.seal(self._purpose(runner), orjson.dumps(data))
        await runner.rows(RENEW, self.kind, _digest(secret), sealed, now + self.lifetime, again=False)

    async def change(self, runner: Runner, secret: str, data: Mapping[str, Any]) -> None:
        """Give a ticket other data, inside a transaction."""
        sealed = self._sealer.seal(self._purpose(runner), orjson.dumps(data))
        await runner.rows(CHANGE, self.kind, _digest(secret), sealed, again=False)

    async def forget(self, runner: Runner, account: uuid.UUID) -> None:
        """Take back all the tickets of an account, inside a transaction."""
        await runner.rows(FORGET_ACCOUNT, self.kind, account, again=False)

    def _read(self, runner: Runner, now: datetime, row: Any) -> Ticket | None:
        if row is None or row["expires"] <= now:
            return None
        try:
            data = orjson.loads(self._sealer.open(self._purpose(runner), row["data"]))
        except SealError:
            return None  # sealed with a key that was withdrawn since: as good as too old
        return Ticket(row["account"], data)

    def _purpose(self, runner: Runner) -> str:
        return f"ticket {self.kind} {runner.tenant}"


async def forget_old(runner: Runner, now: datetime) -> int:
    """Remove what is too old, inside a transaction, and return how many."""
    return len(await runner.rows(FORGET_OLD, now))


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
