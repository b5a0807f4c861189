"""Index anew what was stored before what it is indexed by changed: slice by slice, at a bounded pace."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from usager_server.errors import Conflict
from usager_server.jobs.office import Office, offices
from usager_server.jobs.workplace import Workplace
from usager_server.repository import index_editions, reindexing
from usager_server.repository.postgres_errors import is_held_already
from usager_server.repository.reindexing import Found, Progress, Reindexed
from usager_server.repository.running import Runner

if TYPE_CHECKING:
    from usager_server.interactions.session import Session

JOB_NUMBER = 12
SLICE = 50
"""Resources that are indexed in one statement, which nobody else writes meanwhile."""
TRIES = 20
"""Times that a resource is tried that others are writing, some seconds each."""

log = structlog.get_logger()


async def index_anew(place: Workplace) -> int:
    """Index what is due at the pace of the settings, and return how many resources were."""
    async with place.connections.borrowed() as connection:
        due = await index_editions.due(connection)
    if not due:
        return 0
    return await Reindexing(place, await offices.at(place), place.settings.reindex_per_second).do(due)


class Reindexing:
    """The work on all that is due. Shape: per_second: resources, 0 as fast as it goes.

    Order   how far it is stands in the database with what was done, in one transaction: whoever comes after a kill goes
            on there.
    """

    def __init__(self, place: Workplace, office: Office, per_second: int) -> None:
        from usager_server.search.editions import numbered

        self._place = place
        self._office = office
        self._seconds_each = 1 / per_second if per_second else 0.0
        self._mine = numbered(office.house.registry)

    async def do(self, due: index_editions.Due) -> int:
        """Index what is due in every organisation; return how many resources were.

        Shape   what the servers want and this process does not know (another version, other profiles) is left.
        """
        strange = [number for number, kept in due.items() if self._mine.get(number) != kept.wanted]
        if strange:
            log.warning("reindexing is left: servers run with other profiles or another version", types=len(strange))
        done = 0
        for number in sorted(due.keys() - strange):
            since = due[number].since
            done += sum([await self._type(tenant, number, since) for tenant in await self._place.tenants()])
            async with self._place.connections.borrowed() as connection:
                await index_editions.complete(connection, number, since)
        return done

    async def _type(self, tenant: int, number: int, since: datetime) -> int:
        runner, done = self._place.runner(tenant), 0
        state = (await reindexing.progress(runner)).get(number)
        if state is None or state.since != since:
            await reindexing.begin(runner, number, since)
            state = (await reindexing.progress(runner))[number]
        while state.ended is None:
            began = monotonic()
            found = await reindexing.some(runner, number, state.reached, state.until, SLICE)
            if not found:
                await reindexing.end(runner, number)
                break
            await self._slice(runner, state, found)
            state, done = replace(state, reached=found[-1].row), done + len(found)
            await asyncio.sleep(max(0.0, began + len(found) * self._seconds_each - monotonic()))
        return done

    async def _slice(self, runner: Runner, state: Progress, found: Sequence[Found]) -> None:
        wanted = [self._reindexed(runner, each) for each in found if each.document is not None]
        try:
            async with runner.transaction() as inner:
                done = await reindexing.put(inner, state.type, wanted) if wanted else set()
                left = [each for each in wanted if each.found.row not in done]
                if not left:
                    await reindexing.advance(inner, state.type, found[-1].row, len(found))
                    return
        except Conflict as refusal:
            if not is_held_already(refusal.__cause__):
                raise
            left = wanted
        doubles = sum([await self._alone(runner, state.type, each) for each in left])
        async with runner.transaction() as inner:
            await reindexing.advance(inner, state.type, found[-1].row, len(found), doubles)

    def _reindexed(self, runner: Runner, found: Found) -> Reindexed:
        from usager_server.jsontext import parse_json

        tree = parse_json((found.document or "").encode())
        return Reindexed(found, self._office.house.registry.index_rows(tree, runner.tenant))

    async def _alone(self, runner: Runner, number: int, resource: Reindexed) -> bool:
        """Index one resource that others are writing, or hold what it would hold; say whether it is a double.

        Shape   one that they have written since it was read is theirs, and indexed.
        """
        for _ in range(TRIES):
            try:
                async with runner.transaction() as inner:
                    await reindexing.put(inner, number, [resource], patient=True)
            except Conflict as refusal:
                if is_held_already(refusal.__cause__) and await self._told(runner, number, resource):
                    return True
            else:
                return False
        raise Conflict("Others keep a resource that is to be indexed anew", code="lock-error")

    async def _told(self, runner: Runner, number: int, resource: Reindexed) -> bool:
        """Index a record without the matricule that another one holds, and leave a Task about both.

        Shape   False, and nothing done, when nobody holds it any more, or the record was written meanwhile.
        """
        from usager_server.search.holding import is_held

        tokens, session = resource.index.tokens, self._office.session(runner.tenant)
        without = replace(resource.index, tokens=[token for token in tokens if not is_held(token)])
        async with session.transaction() as inner:
            mine = inner.repository.runner
            holders = [await reindexing.holder(mine, number, token) for token in tokens if is_held(token)]
            others = sorted({other for other in holders if other is not None} - {resource.found.id})
            if not others or not await reindexing.put(mine, number, [replace(resource, index=without)], patient=True):
                return False
            for other in others:
                await _leave_task(inner, resource.found.id, other)
        return True


async def _leave_task(session: "Session", patient: str, other: str) -> None:
    from usager_server.interactions.session import instant_text, now
    from usager_server.interactions.writing import new_draft
    from usager_server.matching.doubles import double_task, double_task_id

    key = double_task_id(patient, other)
    if await session.repository.read("Task", key) is None:
        task = double_task(patient, other, instant_text(now()))
        await session.repository.create([new_draft(session, task, key, "PUT")])
