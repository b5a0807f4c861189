"""What a restoration ends, before anybody is served: what was used or ended since the copy must not live again.

A session that was closed, a token that was revoked or exchanged for the next one, a link that was used: in the copy
they are as good as new. So all of them end: people sign in again, applications ask again.
"""

from collections.abc import Mapping

from usager_server.repository.connections import Connection

ENDED = {
    "sessions": "UPDATE session SET ended = now(), ended_because = 'restored', provider_tokens = NULL"
    " WHERE ended IS NULL",
    "grants": "UPDATE authorization_grant SET revoked = now() WHERE revoked IS NULL AND expires > now()",
    "tickets": "DELETE FROM ticket",
    "launches": "DELETE FROM launch",
}

# Tables of messages that are owed to others; what is in them may have left after the copy was made. There is none yet.
OWED: tuple[str, ...] = ()


async def end_what_lived(connection: Connection) -> Mapping[str, int]:
    """End it for all tenants, on a connection that row-level security does not hold; return how many of each."""
    done = {}
    async with connection.transaction():
        for name, statement in ENDED.items():
            done[name] = int((await connection.execute(statement)).rpartition(" ")[2])
    return done
