"""Create, update and delete: one statement each, run once more when another writer came between."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from usager_server.errors import Conflict, NotFound, VersionConflict
from usager_server.repository import Change, Draft, Stored, Written
from usager_server.repository.changing import delete_statement, update_arguments, update_statement
from usager_server.repository.codes import METHOD_NUMBERS, METHODS
from usager_server.repository.creating import create_arguments, create_statement
from usager_server.repository.grams import KnownValues
from usager_server.repository.growth import Growth
from usager_server.repository.guarding import guard_arguments
from usager_server.repository.ids import row_numbers
from usager_server.repository.postgres_errors import is_row_number_taken
from usager_server.repository.reading import read
from usager_server.repository.running import Runner
from usager_server.repository.trace_rows import trace_arguments

TRIES = 5
MOST_IN_A_STATEMENT = 500  # each statement has its own time limit

LOCK = """
SELECT r.type, r.id FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t,
unnest($2::text::smallint[], $3::text[]) AS wanted(type, id), LATERAL (
    SELECT type, id FROM resource
    WHERE tenant = t.tenant AND type = wanted.type AND id = wanted.id FOR UPDATE
) AS r
"""

Key = tuple[int, str]


class Writer:
    """Writes for one runner; what it learns holds for others once the transaction is kept (`committed`)."""

    def __init__(self, runner: Runner, numbers: Mapping[str, int], known: KnownValues, growth: Growth) -> None:
        self._runner = runner
        self._numbers = numbers
        self._known = known
        self._growth = growth
        self._new_values: list[str] = []
        self._created_count = 0

    async def create(self, drafts: Sequence[Draft]) -> None:
        """Store new resources at version 1, in one statement or, inside a transaction, in as few as their number needs.

        Order   by type and id, so that two writers of the same new ids wait for each other and do not deadlock.
        Errors  Conflict (409) when an id is taken.
        """
        if len(drafts) > 1:
            drafts = sorted(drafts, key=lambda draft: (draft.type, draft.id))
        for start in range(0, len(drafts), MOST_IN_A_STATEMENT):
            await self._create(drafts[start : start + MOST_IN_A_STATEMENT])

    async def _create(self, drafts: Sequence[Draft]) -> None:
        new_values = self._unknown_values(drafts)
        for _ in range(TRIES):
            shape, arguments = create_arguments(drafts, self._numbers, new_values)
            traces, guard = self._traces("create", drafts, 1), guard_arguments(drafts)
            statement = create_statement(shape, len(traces), is_guarded=bool(guard))
            try:
                await self._runner.rows(statement, *arguments, *traces, *guard, again=False)
            except Conflict as refusal:
                if self._runner.held is not None or not is_row_number_taken(refusal.__cause__):
                    raise
                drafts = [replace(draft, row=row_numbers.next()) for draft in drafts]
            else:
                self._learn(new_values, created=len(drafts))
                self._made(len(drafts))
                return
        raise _try_again()

    async def update(self, draft: Draft, expected_version: int | None, may_create: bool) -> Written:
        """Store the next version, or the first."""
        new_values = self._unknown_values([draft])
        key = (self._numbers[draft.type], draft.id)
        shape, arguments = update_arguments(draft, key[0], expected_version, new_values)
        traces = self._traces("patch" if draft.method == "PATCH" else "update", [draft], None)
        guard = guard_arguments([draft])
        statement = update_statement(shape, len(traces), is_guarded=bool(guard))
        for _ in range(TRIES):
            old = await self._changed(statement, key, [*arguments, *traces, *guard])
            if old is not None:
                _refuse_other_version(draft.type, draft.id, old["version"], expected_version)
                self._learn(new_values)
                self._made(1)
                return Written(draft.stored(old["version"] + 1), created=old["deleted"])
            refuse_unknown(draft, expected_version, may_create)
            if await self._created(draft):
                return Written(draft.stored(1), created=True)
        raise _beaten()

    async def delete(
        self, resource_type: str, resource_id: str, instant: datetime, expected_version: int | None
    ) -> Stored | None:
        """Write the deletion as a version."""
        key = (self._numbers[resource_type], resource_id)
        traces = await self._deletion_traces(resource_type, resource_id)
        arguments = [*key, expected_version, instant, METHOD_NUMBERS["DELETE"], None, *traces]
        old = await self._changed(delete_statement(len(traces)), key, arguments)
        if old is None:
            return None
        if old["deleted"]:
            method = METHODS[old["method"]]
            return Stored(resource_type, resource_id, old["version"], old["last_updated"], None, method)
        _refuse_other_version(resource_type, resource_id, old["version"], expected_version)
        self._made(1)
        return Stored(resource_type, resource_id, old["version"] + 1, instant, None, "DELETE")

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        """Store many inside a transaction: the known ones locked in one order, the new ones in one statement."""
        known = await self._locked({self._key(change.draft) for change in changes})
        new = [change.draft for change in changes if self._key(change.draft) not in known]
        for change in changes:
            if self._key(change.draft) not in known:
                refuse_unknown(change.draft, change.expected_version, change.may_create)
        await self.create(new)
        return [
            await self.update(change.draft, change.expected_version, change.may_create)
            if self._key(change.draft) in known
            else Written(change.draft.stored(1), created=True)
            for change in changes
        ]

    async def lock(self, references: Sequence[tuple[str, str]]) -> None:
        """Lock the resources that exist."""
        await self._locked({(self._numbers[kind], key) for kind, key in references if kind in self._numbers})

    def _key(self, draft: Draft) -> Key:
        return self._numbers[draft.type], draft.id

    async def _changed(self, statement: str, key: Key, arguments: list[Any]) -> asyncpg.Record | None:
        """Run an update or a deletion, a second time with the row locked beforehand when a writer came between."""
        old = await self._runner.row(statement, *arguments, again=False)
        if old is None or old["fresh"]:
            return old
        async with self._runner.transaction() as runner:
            await runner.rows(LOCK, f"{{{key[0]}}}", [key[1]])
            return await runner.row(statement, *arguments)

    async def _locked(self, keys: set[Key]) -> set[Key]:
        """Lock the resources that exist, in the same order whoever asks, and return which they are."""
        ordered = sorted(keys)
        types = ",".join(str(number) for number, _ in ordered)
        found = await self._runner.rows(LOCK, f"{{{types}}}", [key for _, key in ordered])
        return {(number, key) for number, key in found}

    async def _created(self, draft: Draft) -> bool:
        """Create, unless someone else just did (then it is an update after all)."""
        try:
            await self.create([draft])
        except Conflict:
            if self._runner.held is not None:
                raise
            return False
        return True

    def _traces(self, kind: str, drafts: Sequence[Draft], version: int | None) -> list[Any]:
        """Return the arguments that trace these versions, none when nobody keeps traces."""
        act = self._runner.act
        if act is None or not drafts:
            return []
        return trace_arguments([act.version(kind, each.type, each.id, version, each.tail) for each in drafts])

    async def _deletion_traces(self, resource_type: str, resource_id: str) -> list[Any]:
        """Return the arguments that trace a deletion; whom it concerns stands in what is there now."""
        act = self._runner.act
        if act is None:
            return []
        found = await read(self._runner, resource_type, self._numbers[resource_type], resource_id)
        text = "" if found is None else found.document or ""
        return trace_arguments([act.version("delete", resource_type, resource_id, None, text)])

    def _made(self, versions: int) -> None:
        if self._runner.act is not None:
            self._runner.act.versions += versions

    def _unknown_values(self, drafts: Sequence[Draft]) -> list[str]:
        values = (value for draft in drafts for value in draft.index.contained)
        return self._known.unknown(self._runner.tenant, values)

    def _learn(self, values: Sequence[str], created: int = 0) -> None:
        self._new_values += values
        self._created_count += created
        if self._runner.held is None:
            self.committed()

    def committed(self) -> None:
        """Share what was learnt: it is in the database for good."""
        self._known.learn(self._runner.tenant, self._new_values)
        self._growth.add(self._created_count)
        self._new_values, self._created_count = [], 0


def _refuse_other_version(resource_type: str, resource_id: str, current: int, expected: int | None) -> None:
    if expected is not None and expected != current:
        raise VersionConflict(f"{resource_type}/{resource_id} is at version {current}, not {expected}.")


def refuse_unknown(draft: Draft, expected_version: int | None, may_create: bool) -> None:
    """Refuse to update what does not exist. Errors: VersionConflict (412), NotFound (404) unless it may be created."""
    if expected_version is not None:
        raise VersionConflict(f"{draft.type}/{draft.id} does not exist, so it is not at version {expected_version}.")
    if not may_create:
        raise NotFound(f"{draft.type}/{draft.id} does not exist.")


def _beaten() -> Conflict:
    """Return the refusal of a write that others were faster than, each time it was tried."""
    return Conflict("Others keep writing the same resource; try again.", code="lock-error")


def _try_again() -> Conflict:
    return Conflict("Other requests were faster each time; try again.", code="lock-error")
