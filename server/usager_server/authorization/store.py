"""Where the authorization server keeps what it must remember. The one file of the room that speaks SQL.

Every statement works behind the wall of one tenant; what has expired is swept out, a little at a time, by the writes.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from usager_server.authorization import acts
from usager_server.authorization.clients import CODE, CREDENTIALS, REFRESH, Client, client_from
from usager_server.authorization.memory import Given, Held
from usager_server.repository.running import Runner, under_tenant
from usager_server.repository.tracing import record
from usager_server.traces.event import Origin

CLIENT = under_tenant("SELECT id, document, revoked FROM client WHERE tenant = t.tenant AND id = $2")
CLIENTS = under_tenant("SELECT id, document, revoked FROM client WHERE tenant = t.tenant ORDER BY made, id")
ADD_CLIENT = "INSERT INTO client (tenant, id, document, made) VALUES ($1::text::int, $2, $3, now())"
REVOKE_CLIENT = """
UPDATE client SET revoked = now() WHERE tenant = $1::text::int AND id = $2 AND revoked IS NULL RETURNING id
"""

ADD_GRANT = """
INSERT INTO authorization_grant (tenant, id, client, account, session, document, made, expires)
VALUES ($1::text::int, $2, $3, $4, $5, $6, now(), $7)
"""
ASKED = under_tenant("""
SELECT id, client, account, session, document FROM authorization_grant
WHERE tenant = t.tenant AND id = $2 AND code IS NULL AND revoked IS NULL AND expires > now()
""")
DECIDE = """
UPDATE authorization_grant SET document = $3, expires = $4, code = $5, code_expires = $6
WHERE tenant = $1::text::int AND id = $2 AND code IS NULL AND revoked IS NULL AND expires > now() RETURNING id
"""
# A spent code keeps its digest, so that its second use is known for what it is.
SPEND_CODE = """
UPDATE authorization_grant SET code_spent = now()
WHERE tenant = $1::text::int AND code = $2 AND code_spent IS NULL AND code_expires > now() AND revoked IS NULL
RETURNING id, client, account, session, document, expires
"""
REVOKE_SPENT_CODE = """
UPDATE authorization_grant SET revoked = now()
WHERE tenant = $1::text::int AND code = $2 AND code_spent IS NOT NULL AND revoked IS NULL
RETURNING id, client, account, session, document, expires
"""
REVOKE_GRANT = """
UPDATE authorization_grant SET revoked = now() WHERE tenant = $1::text::int AND id = $2 AND revoked IS NULL
RETURNING id, client, account, session, document, expires
"""
# Live: whether the tokens of a grant may still be used, as far as grants and clients know.
LIVE = under_tenant("""
SELECT g.id FROM authorization_grant AS g JOIN client AS c ON c.tenant = t.tenant AND c.id = g.client
WHERE g.tenant = t.tenant AND g.id = $2 AND g.revoked IS NULL AND c.revoked IS NULL AND g.expires > now()
""")

# A grant without offline_access ends with the session it was given in.
GIVEN = under_tenant("""
SELECT c.id, c.document AS registered, min(g.made) AS made, max(g.expires) AS expires, max(g.used) AS used,
    array_agg(DISTINCT g.scope) AS scopes
FROM (
    SELECT h.client, h.made, h.expires, h.document::json->>'scope' AS scope, greatest(h.code_spent, (
        SELECT max(r.spent) FROM refresh_token AS r WHERE r.tenant = t.tenant AND r.grant_id = h.id
    )) AS used
    FROM authorization_grant AS h LEFT JOIN session AS s ON s.tenant = t.tenant AND s.sid = h.session
    WHERE h.tenant = t.tenant AND h.account = $2 AND h.code IS NOT NULL AND h.revoked IS NULL AND h.expires > now()
        AND (position(' offline_access ' IN ' ' || (h.document::json->>'scope') || ' ') > 0
            OR (s.ended IS NULL AND coalesce(s.expires > now(), true)))
) AS g JOIN client AS c ON c.tenant = t.tenant AND c.id = g.client
WHERE c.revoked IS NULL GROUP BY c.id, c.document ORDER BY max(g.made) DESC, c.id
""")
TAKE_BACK = """
UPDATE authorization_grant SET revoked = now()
WHERE tenant = $1::text::int AND account = $2 AND client = $3 AND revoked IS NULL AND expires > now()
RETURNING id, client, account, session, document, expires
"""

END_ALL_GIVEN = """
UPDATE authorization_grant SET revoked = now()
WHERE tenant = $1::text::int AND account = $2 AND revoked IS NULL AND expires > now()
RETURNING id, client, account, session, document, expires
"""

ADD_REFRESH = "INSERT INTO refresh_token (tenant, digest, grant_id, expires) VALUES ($1::text::int, $2, $3, $4)"
SPEND_REFRESH = """
UPDATE refresh_token AS r SET spent = now() FROM authorization_grant AS g
WHERE r.tenant = $1::text::int AND r.digest = $2 AND r.spent IS NULL AND r.expires > now()
    AND g.tenant = r.tenant AND g.id = r.grant_id AND g.client = $3 AND g.revoked IS NULL AND g.expires > now()
RETURNING g.id, g.client, g.account, g.session, g.document, g.expires
"""
GRANT_OF_REFRESH = under_tenant("""
SELECT g.id, g.client, g.account, g.session, g.document, g.expires, r.spent, r.expires AS token_expires,
    g.revoked IS NULL AND c.revoked IS NULL AND r.spent IS NULL AND r.expires > now() AND g.expires > now() AS is_live
FROM refresh_token AS r JOIN authorization_grant AS g ON g.tenant = t.tenant AND g.id = r.grant_id
    JOIN client AS c ON c.tenant = t.tenant AND c.id = g.client
WHERE r.tenant = t.tenant AND r.digest = $2
""")

ADD_LAUNCH = """
INSERT INTO launch (tenant, digest, client, account, document, expires) VALUES ($1::text::int, $2, $3, $4, $5, $6)
"""
TAKE_LAUNCH = """
DELETE FROM launch WHERE tenant = $1::text::int AND digest = $2 RETURNING client, account, document, expires > now()
"""
SEE_ASSERTION = """
INSERT INTO client_assertion (tenant, client, digest, expires) VALUES ($1::text::int, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING digest
"""

SWEEP = (
    """
    DELETE FROM client_assertion WHERE tenant = $1::text::int AND (client, digest) IN (
        SELECT client, digest FROM client_assertion WHERE tenant = $1::text::int AND expires < now() LIMIT 20
    )
    """,
    """
    DELETE FROM launch WHERE tenant = $1::text::int AND digest IN (
        SELECT digest FROM launch WHERE tenant = $1::text::int AND expires < now() LIMIT 20
    )
    """,
    """
    DELETE FROM authorization_grant WHERE tenant = $1::text::int AND id IN (
        SELECT id FROM authorization_grant WHERE tenant = $1::text::int AND expires < now() - interval '1 day' LIMIT 20
    )
    """,
)


class PostgresMemory:
    """`Memory` for one tenant."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @property
    def tenant(self) -> int:
        """Return the tenant."""
        return self._runner.tenant

    async def client(self, client_id: str) -> Client | None:
        """Return a client that may be served; None when it is unknown or revoked."""
        row = await self._runner.row(CLIENT, client_id)
        return None if row is None or row["revoked"] is not None else _client(row)

    async def clients(self) -> list[tuple[Client, datetime | None]]:
        """Return all clients, oldest first, and when they were revoked."""
        return [(_client(row), row["revoked"]) for row in await self._runner.rows(CLIENTS)]

    async def add_client(self, client: Client, origin: Origin) -> None:
        """Keep a new client."""
        async with self._runner.transaction() as inside:
            await inside.rows(ADD_CLIENT, client.id, json.dumps(client.metadata))
            await record(inside, [acts.client_registered(client, origin)])

    async def revoke_client(self, client_id: str, origin: Origin) -> bool:
        """End a client and all its tokens; False when there was none to end."""
        async with self._runner.transaction() as inside:
            if not await inside.rows(REVOKE_CLIENT, client_id):
                return False
            await record(inside, [acts.client_revoked(client_id, origin)])
        return True

    async def ask(self, held: Held) -> None:
        """Keep a question that a person must answer."""
        async with self._runner.transaction() as inside:
            await _add(inside, held)

    async def grant(self, held: Held, origin: Origin) -> None:
        """Keep what a client may do by itself."""
        async with self._runner.transaction() as inside:
            await _add(inside, held)
            await record(inside, [acts.token_issued(held, origin, CREDENTIALS)])

    async def asked(self, grant_id: str) -> Held | None:
        """Return the question that waits for an answer, None when there is none, or no more."""
        number = _uuid_or_none(grant_id)
        row = None if number is None else await self._runner.row(ASKED, number)
        return None if row is None else _held({**row, "expires": None})

    async def decide(self, held: Held, code: bytes, code_expires: datetime) -> bool:
        """Answer a question with a code; False when somebody was faster."""
        document = json.dumps(held.document)
        return bool(await self._write(DECIDE, uuid.UUID(held.id), document, held.expires, code, code_expires))

    async def spend_code(self, code: bytes, origin: Origin) -> Held | None:
        """Return the grant of a code, which is spent by this. None when it is unknown, too old, or spent before.

        One that was spent before has leaked: its grant, with all that came of it, is ended.
        """
        async with self._runner.transaction() as inside:
            row = await inside.row(SPEND_CODE, code)
            if row is not None:
                await record(inside, [acts.token_issued(_held(row), origin, CODE)])
                return _held(row)
            if (leaked := await inside.row(REVOKE_SPENT_CODE, code)) is not None:
                await record(inside, [acts.token_revoked(_held(leaked), origin, "the code was used again")])
        return None

    async def add_refresh(self, grant_id: str, digest: bytes, expires: datetime) -> None:
        """Keep a refresh token."""
        await self._write(ADD_REFRESH, digest, uuid.UUID(grant_id), expires)

    async def rotate_refresh(
        self, spent: bytes, client: str, made: bytes, expires: datetime, origin: Origin
    ) -> Held | None:
        """Return the grant of a refresh token, which is replaced by the one made. None when it will not do.

        One that was spent before has leaked: its grant is ended.
        """
        async with self._runner.transaction() as inside:
            row = await inside.row(SPEND_REFRESH, spent, client)
            if row is not None:
                await inside.rows(ADD_REFRESH, made, row["id"], min(expires, row["expires"]))
                await record(inside, [acts.token_issued(_held(row), origin, REFRESH)])
                return _held(row)
        found = await self._runner.row(GRANT_OF_REFRESH, spent)
        if found is not None and found["spent"] is not None:
            await self.revoke_grant(str(found["id"]), origin, "a refresh token was used again")
        return None

    async def grant_of_refresh(self, digest: bytes) -> tuple[Held, datetime, bool] | None:
        """Return the grant of a refresh token, when the token ends, and whether it still may be used."""
        row = await self._runner.row(GRANT_OF_REFRESH, digest)
        return None if row is None else (_held(row), row["token_expires"], row["is_live"])

    async def revoke_grant(self, grant_id: str, origin: Origin, because: str) -> None:
        """End a grant and all its tokens."""
        async with self._runner.transaction() as inside:
            if (row := await inside.row(REVOKE_GRANT, uuid.UUID(grant_id))) is not None:
                await record(inside, [acts.token_revoked(_held(row), origin, because)])

    async def given_by(self, account: str) -> list[Given]:
        """Return what a person lets clients do at this moment, what they gave last first."""
        rows = await self._runner.rows(GIVEN, uuid.UUID(account))
        return [
            Given(
                client_from(row["id"], json.loads(row["registered"])),
                tuple(row["scopes"]),
                row["made"],
                row["expires"],
                row["used"],
            )
            for row in rows
        ]

    async def take_back(self, account: str, client_id: str, origin: Origin) -> int:
        """End every grant that a person gave a client, with all its tokens; return how many there were."""
        async with self._runner.transaction() as inside:
            rows = await inside.rows(TAKE_BACK, uuid.UUID(account), client_id)
            ended = [acts.token_revoked(_held(row), origin, "the person took it back") for row in rows]
            await record(inside, ended)
        return len(ended)

    async def is_live(self, grant_id: str) -> bool:
        """Tell whether the tokens of a grant may be used, the session aside."""
        number = _uuid_or_none(grant_id)
        return number is not None and await self._runner.row(LIVE, number) is not None

    async def add_launch(
        self, digest: bytes, client: str, account: str, document: Mapping[str, Any], expires: datetime
    ) -> None:
        """Keep the context of an application about to be opened."""
        await self._write(ADD_LAUNCH, digest, client, uuid.UUID(account), json.dumps(document), expires)

    async def take_launch(self, digest: bytes) -> tuple[str, str, Mapping[str, Any]] | None:
        """Return the client, the account and the context of a launch, over by this; None when there is none."""
        rows = await self._write(TAKE_LAUNCH, digest)
        if not rows or not rows[0][3]:
            return None
        client, account, document, _ = rows[0]
        return client, str(account), json.loads(document)

    async def see_assertion(self, client: str, digest: bytes, expires: datetime) -> bool:
        """Note an assertion of a client; False when it has come before."""
        return bool(await self._write(SEE_ASSERTION, client, digest, expires))

    async def _write(self, statement: str, *arguments: Any) -> list[Any]:
        async with self._runner.transaction() as inside:
            return list(await inside.rows(statement, *arguments))


async def end_all_given(inside: Runner, account: uuid.UUID, origin: Origin, because: str) -> None:
    """End every grant that a person gave, those that outlive their session included, inside a transaction."""
    rows = await inside.rows(END_ALL_GIVEN, account)
    await record(inside, [acts.token_revoked(_held(row), origin, because) for row in rows])


async def _add(inside: Runner, held: Held) -> None:
    """Keep a grant, and sweep out some of what has expired."""
    ids = (uuid.UUID(held.id), held.client, _uuid(held.account), _uuid(held.session))
    await inside.rows(ADD_GRANT, *ids, json.dumps(held.document), held.expires)
    for statement in SWEEP:
        await inside.rows(statement)


def _client(row: Any) -> Client:
    return client_from(row["id"], json.loads(row["document"]))


def _held(row: Any) -> Held:
    account, session = (None if row[name] is None else str(row[name]) for name in ("account", "session"))
    return Held(str(row["id"]), row["client"], account, session, json.loads(row["document"]), row["expires"])


def _uuid(text: str | None) -> uuid.UUID | None:
    return None if text is None else uuid.UUID(text)


def _uuid_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
