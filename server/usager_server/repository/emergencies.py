"""Records opened in an emergency: for one reader, for a while, with a reason."""

from datetime import datetime

from usager_server.repository.running import TENANT_SET, Runner

PATIENT = f"""
FROM {TENANT_SET}, LATERAL (
    SELECT row FROM resource WHERE tenant = t.tenant AND type = $2 AND id = $3 AND document IS NOT NULL LIMIT 1
) AS r"""  # noqa: S608 - our own words

OPEN = f"""
INSERT INTO emergency (row, opened, until, tenant, reader, reason)
SELECT r.row, now(), now() + $5::int * interval '1 minute', t.tenant, $4, $6 {PATIENT}
RETURNING until
"""

UNTIL = f"""
SELECT e.until {PATIENT}, LATERAL (
    SELECT until FROM emergency
    WHERE tenant = t.tenant AND reader = $4 AND row = r.row AND until > now() ORDER BY until DESC LIMIT 1
) AS e
"""  # noqa: S608 - our own words

# now() is that of the transaction: what was opened within it ends before it began.
END = """
UPDATE emergency SET until = least(until, now()) WHERE tenant = $1::text::int AND reader = $4 AND until > now()
AND row = (SELECT row FROM resource WHERE tenant = $1::text::int AND type = $2 AND id = $3)
RETURNING true
"""


async def open_record(
    runner: Runner, patient: tuple[int, str], reader: str, reason: str, minutes: int
) -> datetime | None:
    """Open the record of a Patient (type number, id) to a reader; return until when, None when there is no such one."""
    found = await runner.row(OPEN, *patient, reader, minutes, reason, again=False)
    return None if found is None else found["until"]


async def open_until(runner: Runner, patient: tuple[int, str], reader: str) -> datetime | None:
    """Return until when the record is open to a reader in an emergency, None when it is not."""
    found = await runner.row(UNTIL, *patient, reader)
    return None if found is None else found["until"]


async def close_record(runner: Runner, patient: tuple[int, str], reader: str) -> bool:
    """End what is open to a reader; say whether anything was."""
    async with runner.transaction() as inside:
        return bool(await inside.rows(END, *patient, reader))
