"""The tables of the verification: who is watched, who is being asked about, which lots are under way."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from usager_server.national.insi.verifying.due import Watched
from usager_server.repository.running import Runner, under_tenant

PAGE = 500
"""How many a page of CHANGED or NIAS has at most."""


class State(IntEnum):
    """Where an identity stands."""

    waiting = 0
    asked = 1
    unanswered = 2
    in_lot = 3
    to_search = 4


@dataclass(frozen=True, slots=True)
class Claim:
    """One person that is to be asked about now. Shape: message is the id that the call will bear."""

    patient: str
    message: uuid.UUID
    state: State


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot to be gone on with. Shape: is_deposited: INSi has it; refusals: how often in a row it was refused."""

    id: uuid.UUID
    is_deposited: bool
    refusals: int


@dataclass(frozen=True, slots=True)
class LotsAbout:
    """How many lots INSi has not refused and how many it has; is_recent: one of these but lately."""

    under_way: int
    refused: int
    is_recent: bool


@dataclass(frozen=True, slots=True)
class RefusedLot:
    """A lot that INSi refused. Shape: code is INSi's, "" without one; again: when it is tried; people: how many."""

    id: uuid.UUID
    refusals: int
    code: str
    again: datetime
    people: int


SWEPT = under_tenant("SELECT until, row FROM insi_sweep WHERE insi_sweep.tenant = t.tenant LIMIT 1")
SWEEP = """
INSERT INTO insi_sweep (tenant, until, row) VALUES ($1::text::int, $2, $3)
ON CONFLICT (tenant) DO UPDATE SET until = excluded.until, row = excluded.row
"""
CHANGED = under_tenant(
    "SELECT id, version, last_updated, row, document FROM resource WHERE resource.tenant = t.tenant AND type = $2"
    " AND (last_updated, row) > ($3, $4) ORDER BY last_updated, row LIMIT 500"
)
# What is under way stays so until INSi's word on it is written: nothing else of a Patient changes `verified`.
WATCH = """
INSERT INTO insi_watch AS w (tenant, patient, version, verified, due, is_nia)
SELECT $1::text::int, u.* FROM unnest($2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::boolean[]) AS u
ON CONFLICT (tenant, patient) DO UPDATE SET version = excluded.version, is_nia = excluded.is_nia,
    verified = excluded.verified,
    due = CASE WHEN w.verified = excluded.verified THEN w.due ELSE excluded.due END,
    state = CASE WHEN w.verified = excluded.verified THEN w.state ELSE 0 END,
    lot = CASE WHEN w.verified = excluded.verified THEN w.lot END,
    message = CASE WHEN w.verified = excluded.verified THEN w.message END
WHERE w.version <> excluded.version
"""
FORGET = "DELETE FROM insi_watch WHERE tenant = $1::text::int AND patient = ANY ($2::text[])"
NIAS = under_tenant(
    "SELECT patient, verified FROM insi_watch WHERE insi_watch.tenant = t.tenant AND is_nia AND patient > $2"
    " AND state = 0 AND due > now() ORDER BY patient LIMIT 500"
)
HASTEN = "UPDATE insi_watch SET due = now() WHERE tenant = $1::text::int AND patient = ANY ($2::text[]) AND state = 0"
DUE = under_tenant(
    "SELECT count(*) AS due FROM (SELECT 1 FROM insi_watch WHERE insi_watch.tenant = t.tenant AND state = 0"
    " AND due <= now() LIMIT $2) AS d"
)
CLAIM = """
UPDATE insi_watch AS w SET state = 1, claimed = now(), message = gen_random_uuid()
FROM (
    SELECT patient, state FROM insi_watch
    WHERE tenant = $1::text::int AND (state = 4 OR (state = 0 AND due <= now()))
    ORDER BY state DESC, due LIMIT 1 FOR UPDATE SKIP LOCKED
) AS p
WHERE w.tenant = $1::text::int AND w.patient = p.patient
RETURNING w.patient, w.message, p.state
"""
LOST = "UPDATE insi_watch SET state = 2 WHERE tenant = $1::text::int AND state = 1 RETURNING patient, message"
PUT = "UPDATE insi_watch SET state = $3, lot = NULL WHERE tenant = $1::text::int AND patient = ANY ($2::text[])"
POSTPONE = """
UPDATE insi_watch SET state = 0, lot = NULL, due = now() + $3::interval
WHERE tenant = $1::text::int AND patient = ANY ($2::text[])
"""
MAKE_LOT = "INSERT INTO insi_lot (tenant, id, made) VALUES ($1::text::int, $2, now())"
FILL_LOT = """
UPDATE insi_watch SET state = 3, lot = $2, claimed = now()
WHERE tenant = $1::text::int AND patient IN (
    SELECT patient FROM insi_watch WHERE tenant = $1::text::int AND state = 0 AND due <= now()
    ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED
)
"""
LOTS = under_tenant(
    "SELECT id, is_deposited, refusals FROM insi_lot WHERE insi_lot.tenant = t.tenant"
    " AND (again IS NULL OR again <= now()) ORDER BY made LIMIT 100"
)
LOTS_ABOUT = under_tenant(
    "SELECT count(*) FILTER (WHERE refusals = 0) AS under_way, count(*) FILTER (WHERE refusals > 0) AS refused,"
    " coalesce(max(refused) > now() - $2::interval, false) AS is_recent FROM insi_lot WHERE insi_lot.tenant = t.tenant"
)
DEPOSITED = """
UPDATE insi_lot SET is_deposited = true, refusals = 0, refused = NULL, again = NULL, code = NULL
WHERE tenant = $1::text::int AND id = $2
"""
PUT_OFF = """
UPDATE insi_lot SET refusals = least(refusals + 1, 1000), refused = now(), again = now() + $3::interval, code = $4
WHERE tenant = $1::text::int AND id = $2
"""
REFUSED_LOTS = under_tenant(
    "SELECT id, refusals, code, again, (SELECT count(*) FROM insi_watch AS w WHERE w.tenant = t.tenant"
    " AND w.lot = insi_lot.id) AS people FROM insi_lot WHERE insi_lot.tenant = t.tenant AND refusals > 0"
    " ORDER BY made LIMIT $2"
)
IN_LOT = under_tenant("SELECT patient FROM insi_watch WHERE insi_watch.tenant = t.tenant AND lot = $2 ORDER BY patient")
END_LOT = "DELETE FROM insi_lot WHERE tenant = $1::text::int AND id = $2"
COUNTS = under_tenant(
    "SELECT state, due <= $2 AS is_due, count(*) AS number, min(due) AS first FROM insi_watch"
    " WHERE insi_watch.tenant = t.tenant GROUP BY 1, 2"
)
SOME = under_tenant(
    "SELECT patient, state FROM insi_watch WHERE insi_watch.tenant = t.tenant AND (state = 2 OR due <= $2)"
    " ORDER BY state DESC, due LIMIT $3"
)


async def swept(runner: Runner) -> tuple[datetime, int] | None:
    """Return up to where Patients were looked at: an instant and a row, None when they never were."""
    found = await runner.row(SWEPT)
    return None if found is None else (found["until"], found["row"])


async def sweep(runner: Runner, until: datetime, row: int) -> None:
    """Note up to where Patients were looked at."""
    await runner.rows(SWEEP, until, row)


async def changed(runner: Runner, type_number: int, after: datetime, row: int) -> Sequence[Any]:
    """Return the next Patients that changed after an instant, PAGE at most, the oldest change first."""
    return await runner.rows(CHANGED, type_number, after, row)


async def watch(runner: Runner, found: Sequence[tuple[str, int, Watched]]) -> None:
    """Watch identities, inside a transaction; those whose version is known already stay as they are."""
    if found:
        patients, versions, watched = zip(*found, strict=True)
        dates = [it.verified for it in watched], [it.due for it in watched]
        await runner.rows(WATCH, list(patients), list(versions), *dates, [it.is_nia for it in watched])


async def forget(runner: Runner, patients: Sequence[str]) -> None:
    """Watch these no longer, inside a transaction."""
    if patients:
        await runner.rows(FORGET, list(patients))


async def nias(runner: Runner, after: str) -> Sequence[tuple[str, datetime]]:
    """Return the next people with a NIA who are not due, PAGE at most, and when each was last verified."""
    return [(row["patient"], row["verified"]) for row in await runner.rows(NIAS, after)]


async def hasten(runner: Runner, patients: Sequence[str]) -> None:
    """Have these verified now, inside a transaction."""
    await runner.rows(HASTEN, list(patients))


async def count_due(runner: Runner, most: int) -> int:
    """Return how many wait whose time has come, `most` at most."""
    found = await runner.row(DUE, most)
    return 0 if found is None else int(found["due"])


async def claim(runner: Runner) -> Claim | None:
    """Take the next one whose time has come, inside a transaction: from now on it is nobody else's."""
    found = await runner.row(CLAIM, again=False)
    return None if found is None else Claim(found["patient"], found["message"], State(found["state"]))


async def lose(runner: Runner) -> Sequence[str]:
    """Note that whoever was being asked about got no answer, inside a transaction; return who."""
    return [row["patient"] for row in await runner.rows(LOST, again=False)]


async def put(runner: Runner, patients: Sequence[str], state: State) -> None:
    """Have these stand somewhere else, inside a transaction."""
    if patients:
        await runner.rows(PUT, list(patients), int(state))


async def postpone(runner: Runner, patients: Sequence[str], wait: timedelta) -> None:
    """Have these be asked about again when some time has passed, inside a transaction."""
    await runner.rows(POSTPONE, list(patients), wait)


async def make_lot(runner: Runner, most: int) -> uuid.UUID:
    """Put those whose time has come, `most` at most, into a new lot, inside a transaction."""
    lot = uuid.uuid4()
    await runner.rows(MAKE_LOT, lot, again=False)
    await runner.rows(FILL_LOT, lot, most, again=False)
    return lot


async def lots(runner: Runner) -> Sequence[Lot]:
    """Return the lots that are to be gone on with now: one that was put off, once its time has come."""
    return [Lot(**row) for row in await runner.rows(LOTS)]


async def lots_about(runner: Runner, recent: timedelta) -> LotsAbout:
    """Return how many lots there are, those that are put off included."""
    found = await runner.row(LOTS_ABOUT, recent)
    return LotsAbout(0, 0, is_recent=False) if found is None else LotsAbout(**found)


async def note_deposited(runner: Runner, lot: uuid.UUID) -> None:
    """Note that INSi has a lot and refuses it no more, inside a transaction."""
    await runner.rows(DEPOSITED, lot)


async def put_off(runner: Runner, lot: uuid.UUID, wait: timedelta, code: str) -> None:
    """Note that INSi refused a lot, which is gone on with when some time has passed, inside a transaction."""
    await runner.rows(PUT_OFF, lot, wait, code, again=False)


async def refused_lots(runner: Runner, most: int) -> Sequence[RefusedLot]:
    """Return the lots that INSi refused when they were last handed in or asked after, the oldest first."""
    return [RefusedLot(**row) for row in await runner.rows(REFUSED_LOTS, most)]


async def in_lot(runner: Runner, lot: uuid.UUID) -> Sequence[str]:
    """Return who of a lot waits for INSi's word."""
    return [row["patient"] for row in await runner.rows(IN_LOT, lot)]


async def end_lot(runner: Runner, lot: uuid.UUID) -> None:
    """Forget a lot, inside a transaction."""
    await runner.rows(END_LOT, lot)


async def counts(runner: Runner, on: datetime) -> Sequence[tuple[State, bool, int, datetime]]:
    """Return how many stand where: the state, whether their time has come on that day, how many, the first time."""
    found = await runner.rows(COUNTS, on)
    return [(State(row["state"]), row["is_due"], row["number"], row["first"]) for row in found]


async def some(runner: Runner, on: datetime, most: int) -> Sequence[tuple[str, State]]:
    """Return those without an answer, then those whose time has come on that day."""
    return [(row["patient"], State(row["state"])) for row in await runner.rows(SOME, on, most)]
