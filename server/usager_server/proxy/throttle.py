"""How often a professional may be asked: a binding message has 100 values, and people wear out."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from usager_server.proxy.database import Database

WINDOW = timedelta(minutes=15)
MOST_IN_WINDOW = 5
KEPT = timedelta(days=1)

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock($1)"
COUNT = """
SELECT count(*) FILTER (WHERE client_id = $2 AND asked > $3) AS asked,
       min(asked) FILTER (WHERE client_id = $2 AND asked > $3) AS first,
       max(pending_until) FILTER (WHERE pending_until > $4) AS pending
FROM proxy.sign_in WHERE subject = $1 AND asked > $5
"""
ASK = """
INSERT INTO proxy.sign_in (asked, pending_until, subject, client_id) VALUES ($1, $2, $3, $4) RETURNING number
"""


class TooMany(Exception):
    """This professional may not be asked now; perhaps in so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Throttle:
    """One sign-in at a time for a professional, MOST_IN_WINDOW in WINDOW for one piece of software.

    Shape   key makes what the database keeps of the national id.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database, self._key = database, key

    async def ask(self, national_id: str, client_id: str, now: datetime, lasting: timedelta) -> int:
        """Return the number of a sign-in that may begin. Errors: TooMany; Unavailable."""
        subject = hmac.digest(self._key, national_id.upper().encode(), "sha256")  # one person, however it is written
        async with self._database.transaction() as connection:
            await connection.execute(ONE_AT_A_TIME, int.from_bytes(sha256(subject).digest()[:8], signed=True))
            await connection.execute("DELETE FROM proxy.sign_in WHERE asked < $1", now - KEPT)
            row = await connection.fetchrow(COUNT, subject, client_id, now - WINDOW, now, now - KEPT)
            if row["pending"] is not None:
                raise TooMany(_seconds(row["pending"] - now))
            if row["asked"] >= MOST_IN_WINDOW:
                raise TooMany(_seconds(row["first"] + WINDOW - now))
            return int(await connection.fetchval(ASK, now, now + lasting, subject, client_id))

    async def answered(self, number: int) -> None:
        """Let the professional be asked again: this sign-in has come to its end, whatever it is."""
        async with self._database.connection() as connection:
            await connection.execute("UPDATE proxy.sign_in SET pending_until = NULL WHERE number = $1", number)


def _seconds(left: timedelta) -> int:
    return max(1, int(left.total_seconds()) + 1)
