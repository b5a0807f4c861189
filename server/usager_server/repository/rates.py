"""Buckets of requests that every process of an installation draws from: how many more someone may make just now."""

from usager_server.access.rate import Rate
from usager_server.repository.running import Runner

# A bucket is the moment at which it will be full again: one row, right under concurrency (the algorithm GCRA).
TAKE = """
INSERT INTO rate AS r (tenant, key, full_at) VALUES ($1::text::int, $2, now() + $3::float8 * interval '1 second')
ON CONFLICT (tenant, key) DO UPDATE SET full_at = greatest(r.full_at, now()) + $3::float8 * interval '1 second'
WHERE greatest(r.full_at, now()) + $3::float8 * interval '1 second' <= now() + $4::float8 * interval '1 second'
RETURNING full_at
"""
WAIT = """
SELECT extract(epoch FROM full_at - now())::float8 + $3::float8 - $4::float8 FROM rate
WHERE tenant = $1::text::int AND key = $2
"""
GIVE_BACK = """
UPDATE rate SET full_at = full_at - $3::float8 * interval '1 second' WHERE tenant = $1::text::int AND key = $2
"""
FORGET = "DELETE FROM rate WHERE tenant = $1::text::int AND full_at < now() RETURNING 1"


async def take(runner: Runner, key: str, rate: Rate, count: int) -> float | None:
    """Take some acts out of a bucket; return None when they were there, else the seconds until they will be.

    Order   all or none: what is refused takes nothing. Time: two statements in a transaction.
    """
    cost, most = count * 60 / rate.per_minute, rate.burst * 60 / rate.per_minute
    async with runner.transaction() as inside:
        if cost <= most and await inside.row(TAKE, key, cost, most):
            return None
        waiting = await inside.row(WAIT, key, cost, most)
    return max(waiting[0], 0.001) if waiting else cost


async def give_back(runner: Runner, key: str, rate: Rate, count: int) -> None:
    """Put back into a bucket acts that were taken for nothing; it never holds more than when it is full."""
    async with runner.transaction() as inside:
        await inside.rows(GIVE_BACK, key, count * 60 / rate.per_minute)


async def forget_full(runner: Runner) -> int:
    """Delete the buckets of a tenant that are full, which say no more than none, and return how many."""
    async with runner.transaction() as inside:
        return len(await inside.rows(FORGET))
