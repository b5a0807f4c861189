"""Holding an identity: two requests that would create the same thing go one after the other."""

from collections.abc import Iterable
from hashlib import blake2b

from usager_server.repository.running import Runner

# A second claimant waits on the unique key until the first transaction ends; then the row is gone and it goes on.
HOLD = """
INSERT INTO claim (tenant, key)
SELECT t.tenant, c.key
FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t, unnest($2::text::bigint[]) AS c(key)
ON CONFLICT DO NOTHING
"""

# Deleted at once: others wait for this transaction all the same, and the table stays empty without anyone cleaning it.
LET_GO = "DELETE FROM claim WHERE tenant = $1::text::int AND key = ANY ($2::text::bigint[])"


async def claim(runner: Runner, keys: Iterable[str]) -> None:
    """Hold these identities until the transaction of the runner ends."""
    numbers = sorted({claim_number(runner.tenant, key) for key in keys})
    if not numbers:
        return
    written = f"{{{','.join(map(str, numbers))}}}"
    async with runner.transaction() as inside:
        await inside.rows(HOLD, written)
        await inside.rows(LET_GO, written)


def claim_number(tenant: int, key: str) -> int:
    """Return the number of an identity. Two identities that met in one number would only wait for each other."""
    digest = blake2b(key.encode(), digest_size=8, salt=str(tenant).encode()).digest()
    return int.from_bytes(digest, "little", signed=True)
