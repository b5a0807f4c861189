"""Buckets of requests that every process of an installation draws from: how many more someone may make just now."""

from usager_server.access.rate import Rate
from usager_server.repository.running import TENANT_SET, Runner, under_tenant

# A bucket is the moment at which it will be full again: one row, right under concurrency (the algorithm GCRA).
TAKE = f"""
INSERT INTO rate AS r (tenant, key, full_at)
SELECT t.tenant, $2, now() + $3::float8 * interval '1 second' FROM {TENANT_SET}
ON CONFLICT (tenant, key) DO UPDATE SET full_at = greatest(r.full_at, now()) + $3::float8 * interval '1 second'
WHERE greatest(r.full_at, now()) + $3::float8 * interval '1 second' <= now() + $4::float8 * interval '1 second'
RETURNING full_at
"""  # noqa: S608 - our own text
WAIT = under_tenant("""
SELECT extract(epoch FROM full_at - now())::float8 + $3::float8 - $4::float8 FROM rate
WHERE tenant = t.tenant AND key = $2
""")
# An insertion, so that the tenant is set before any row is looked at; one that is not there is full, and stays so.
GIVE_BACK = f"""
INSERT INTO rate AS r (tenant, key, full_at) SELECT t.tenant, $2, now() FROM {TENANT_SET}
ON CONFLICT (tenant, key) DO UPDATE SET full_at = r.full_at - $3::float8 * interval '1 second'
"""  # noqa: S608 - our own text
FORGET = "DELETE FROM rate WHERE tenant = $1::text::int AND full_at < now() RETURNING 1"


async def take(runner: Runner, key: str, rate: Rate, count: int) -> float | None:
    """Take some acts out of a bucket; return None when they were there, else the seconds until they will be.

    Order   all or none: what is refused takes nothing. Time: one round trip, two for who must wait.
    """
    cost, most = count * 60 / rate.per_minute, rate.burst * 60 / rate.per_minute
    if cost <= most and await runner.row(TAKE, key, cost, most, again=False):
        return None
    waiting = await runner.row(WAIT, key, cost, most)
    return max(waiting[0], 0.001) if waiting else cost


async def give_back(runner: Runner, key: str, rate: Rate, count: int) -> None:
    """Put back into a bucket acts that were taken for nothing; it never holds more than when it is full."""
    await runner.rows(GIVE_BACK, key, count * 60 / rate.per_minute, again=False)


async def forget_full(runner: Runner) -> int:
    """Delete the buckets of a tenant that are full, which say no more than none, and return how many."""
    async with runner.transaction() as inside:
        return len(await inside.rows(FORGET))
