"""The store of one caller: what a grant reaches of it, and nothing that tells of the rest.

Everything here is a narrower answer of `PostgresRepository`. What is out of reach is as if it were not there. Where a
grant reaches whole types, no condition is added to a statement and no statement to a call.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from usager_server.access.queries import refuse_ungranted
from usager_server.access.reach import Reach
from usager_server.errors import NotFound
from usager_server.repository import Change, Draft, HistoryQuery, Page, Stored, Written, matching
from usager_server.repository.limited_binaries import belongs_within
from usager_server.repository.limited_history import held_versions, history_within
from usager_server.repository.limited_sql import Key, known_among, read_one_within, read_within, standing
from usager_server.repository.limited_writes import Frontier
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.repository.reading import LARGEST_VERSION, stored
from usager_server.repository.running import Runner
from usager_server.repository.search_candidates import candidates, candidates_of_each
from usager_server.repository.showing import view_within
from usager_server.repository.writing import refuse_unknown
from usager_server.search.hashing import reference_hash
from usager_server.search.likeness import Probe
from usager_server.search.lookups import Lookup
from usager_server.search.query import SearchQuery
from usager_server.traces.act import Act

HELD, DELETED, BEYOND = "held", "deleted", "beyond"


class LimitedRepository(PostgresRepository):
    """The part of a tenant's store that is within reach of a grant.

    Errors  Forbidden (403) for a type that no scope names; what is out of reach by its content is not there (404).
    """

    def __init__(self, store: PostgresStore, runner: Runner, reach: Reach) -> None:
        super().__init__(store, runner)
        self.reach = reach

    @cached_property
    def _frontier(self) -> Frontier:
        """What is still to be seen of the writes: made with the first of them."""
        numbers, names = self.store.type_numbers, self.store.type_names
        return Frontier(self.reach, self.runner, numbers, names, self._may_read_binary)

    @property
    def whole(self) -> PostgresRepository:
        """The same store without limits, for what binds whoever may not see it: the meaning of codes, consents."""
        return PostgresRepository(self.store, self.runner)

    def within(self, reach: Reach) -> "LimitedRepository":
        """Refuse: one limit is not put on another."""
        raise RuntimeError("This store is limited already")

    async def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Return the current version, or None; a deleted resource is None when only a part of its type is in reach."""
        self.reach.require(resource_type, "r")
        within = self.reach.lookup((resource_type,), "r")
        if within is None:
            return await super().read(resource_type, resource_id)
        if resource_type == "Binary":
            return await self._read_binary(resource_id)
        text, arguments = self.reach.kept(f"read {resource_type}", lambda: read_one_within(within))
        found = await self.runner.row(text, self._numbers[resource_type], resource_id, *arguments)
        return None if found is None else stored(resource_type, resource_id, tuple(found))

    async def show(self, resource_type: str, resource_id: str, act: Act) -> Stored | None:
        """Return the current version as `read` does, and trace that it is shown, in one statement."""
        self.reach.require(resource_type, "r")
        within = self.reach.lookup((resource_type,), "r")
        if within is None:
            return await super().show(resource_type, resource_id, act)
        view = self.reach.kept(f"show {resource_type}", lambda: view_within(self.runner.tenant, within))
        return await self._shown(view, resource_type, resource_id, act)

    async def read_many(self, references: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
        """Return the current versions of those that exist within reach; types out of reach are left aside."""
        types = sorted({kind for kind, _ in references if kind in self._numbers and self.reach.permits(kind, "r")})
        mine = [(kind, key) for kind, key in dict.fromkeys(references) if kind in types]
        within = self.reach.lookup(types, "r") if mine else None
        if within is None:
            return await super().read_many(mine)
        found = await self._read_within([(self._numbers[kind], key) for kind, key in mine], within)
        for kind, key in mine:
            if kind == "Binary" and (binary := await self.read(kind, key)) is not None:
                found[kind, key] = binary
        return found

    async def vread(self, resource_type: str, resource_id: str, version: int) -> Stored | None:
        """Return one version, or None: both it and the current one are within reach."""
        self.reach.require(resource_type, "r")
        within = self.reach.lookup((resource_type,), "r")
        if within is None or not 0 < version <= LARGEST_VERSION:
            return await super().vread(resource_type, resource_id, version)
        current = await self.read(resource_type, resource_id)
        if current is None or current.version == version or resource_type == "Binary":
            return current if current is not None and current.version == version else None
        found = await super().vread(resource_type, resource_id, version)
        return found if found is not None and await held_versions(self, [found], within) else None

    async def vread_many(self, versions: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], Stored]:
        """Return those of these versions that `vread` would, types out of reach left aside."""
        types = sorted({kind for kind, _, _ in versions if kind in self._numbers and self.reach.permits(kind, "r")})
        mine = [each for each in dict.fromkeys(versions) if each[0] in types]
        within = self.reach.lookup(types, "r") if mine else None
        if within is None:
            return await super().vread_many(mine)
        current = await self.read_many([(kind, key) for kind, key, _ in mine])
        found = {each: now for each in mine if (now := current.get(each[:2])) and now.version == each[2]}
        older = [each for each in mine if each[:2] in current and each not in found and each[0] != "Binary"]
        superseded = await super().vread_many(older)
        held = await held_versions(self, list(superseded.values()), within)
        return found | {(each.type, each.id, each.version): each for each in held}

    async def history(self, query: HistoryQuery) -> Page:
        """Return one page of the versions that are within reach, of resources whose current version is."""
        letter = "r" if query.id is not None else "s"
        types = [query.type] if query.type else list(query.types) or self.reach.every(letter)
        for name in types:
            self.reach.require(name, letter)
        within = self.reach.lookup(types, letter)
        if query.type is None:
            query = replace(query, types=tuple(types))
        if within is None:
            return await super().history(query)
        return await history_within(self, query, within)

    async def search(self, query: SearchQuery) -> Page:
        """Return one page of the matches within reach, with what they include within reach."""
        if not query.types and query.compartment is None:
            query = replace(query, types=tuple(self.reach.every("s")))
        return await self._searched(query)

    async def matches(self, queries: Sequence[SearchQuery]) -> list[Sequence[Stored]]:
        """Return up to two matches within reach of each of these searches, in their order."""
        searcher = self.store.searcher
        granted = [refuse_ungranted(self.reach, query, searcher.registry) for query in queries]
        cursors = await self.store.cursors(self.runner)
        return await matching.matches(searcher, self.runner, cursors, granted, self.reach.lookup)

    async def candidates(self, sought: Sequence[Probe], count: int) -> list[Stored]:
        """Return up to `count` Patients within reach that meet keys of likeness, those that meet most first."""
        self.reach.require("Patient", "s")
        within = self.reach.lookup(("Patient",), "s")
        return await candidates(self.runner, self._numbers["Patient"], sought, within, count)

    async def candidates_of_each(self, sought: Sequence[Sequence[Probe]], count: int) -> list[list[Stored]]:
        """Return what `candidates` does for each of several lists of keys."""
        self.reach.require("Patient", "s")
        within = self.reach.lookup(("Patient",), "s")
        return await candidates_of_each(self.runner, self._numbers["Patient"], sought, within, count)

    async def opens(self, patient_id: str) -> bool:
        """Say whether the rights of the person open the record of a Patient, whatever the scopes."""
        if self.reach.rights is None:
            return True
        named = reference_hash(self.runner.tenant, f"Patient/{patient_id}")
        text, arguments = known_among([named], self._numbers["Patient"], self.reach.rights)
        return bool(await self.runner.rows(text, *arguments))

    async def create(self, drafts: Sequence[Draft]) -> None:
        """Store new resources at version 1, all of them within reach. Errors: Conflict (409), Forbidden (403)."""
        for draft in drafts:
            self.reach.require(draft.type, "c")
        if self.reach.holds_all({draft.type for draft in drafts}, "c"):
            await super().create(drafts)
            return
        doubts = await self._frontier.judged(drafts, "c")
        if not doubts and self.runner.held is None:
            await super().create(drafts)
            return
        async with self.transaction() as inside:
            await super(LimitedRepository, inside).create(drafts)
            inside._frontier.noted(doubts, drafts)

    async def update(self, draft: Draft, *, expected_version: int | None = None, may_create: bool = True) -> Written:
        """Store the next version of what is within reach, or the first one when the resource is unknown."""
        self.reach.require(draft.type, "u")
        if self.reach.holds_all([draft.type], "cu"):
            return await super().update(draft, expected_version=expected_version, may_create=may_create)
        (written,) = await self.write([Change(draft, expected_version, may_create)])
        return written

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        """Do many updates (or creates by id), all or nothing; what is out of reach does not exist (404).

        Errors  those of `PostgresRepository.write`; Forbidden (403) when a resource would be put out of reach.
        """
        for change in changes:
            self.reach.require(change.draft.type, "u")
        if self.reach.holds_all({change.draft.type for change in changes}, "cu"):
            return await super().write(changes)
        async with self.transaction() as inside:
            await inside._refuse_unheld(changes)
            frontier = inside._frontier
            doubts = await frontier.judged([change.draft for change in changes], "u")
            written = await super(LimitedRepository, inside).write(changes)
            made = [change.draft for change, each in zip(changes, written, strict=True) if each.created]
            frontier.noted(doubts)
            frontier.noted(await frontier.judged(made, "c"), made)
            return written

    async def delete(
        self, resource_type: str, resource_id: str, *, last_updated: datetime, expected_version: int | None = None
    ) -> Stored | None:
        """Write the deletion as a version. Errors: NotFound (404), of what is out of reach or was deleted before."""
        self.reach.require(resource_type, "d")
        within = self.reach.lookup((resource_type,), "d")
        key = (self._numbers[resource_type], resource_id)
        if within is None:
            self._frontier.forget(key)
            return await super().delete(
                resource_type, resource_id, last_updated=last_updated, expected_version=expected_version
            )
        async with self.transaction() as inside:
            if await inside._standing([key], within) != {key: HELD}:
                raise NotFound(f"There is no {resource_type}/{resource_id}")
            inside._frontier.forget(key)
            return await super(LimitedRepository, inside).delete(
                resource_type, resource_id, last_updated=last_updated, expected_version=expected_version
            )

    async def referring(self, reference: str, without: Sequence[str], count: int) -> list[tuple[str, str]]:
        """Refuse: what refers to a resource is asked of the whole store, and not told."""
        raise RuntimeError("Of a limited store nobody says what refers to a resource")

    async def hold(self, references: Sequence[tuple[str, str]], letter: str) -> None:
        """Lock these resources, all of which are within reach for a letter. Errors: NotFound (404), Forbidden (403)."""
        types = sorted({kind for kind, _ in references})
        for kind in types:
            self.reach.require(kind, letter)
        keys = [(self._numbers[kind], key) for kind, key in references]
        stands = await self._standing(keys, self.reach.lookup(types, letter))
        for (kind, key), place in zip(references, keys, strict=True):
            if stands.get(place) != HELD:
                raise NotFound(f"There is no {kind}/{key}")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["LimitedRepository"]:
        """Yield the same repository inside one transaction, which is rolled back when what it wrote is out of reach."""
        if self.runner.held is not None:
            yield self
            return
        async with self.runner.transaction() as runner:
            inside = LimitedRepository(self.store, runner, self.reach)
            yield inside
            await inside._frontier.refuse_beyond()
        inside._writer.committed()

    async def _read_binary(self, resource_id: str) -> Stored | None:
        found = await self.whole.read("Binary", resource_id)
        if found is None or found.document is None:
            return None
        return found if await belongs_within(self.whole, self, self.reach, found) else None

    async def _may_read_binary(self, resource_id: str) -> bool:
        return self.reach.permits("Binary", "r") and await self._read_binary(resource_id) is not None

    async def _searched(self, query: SearchQuery) -> Page:
        query = refuse_ungranted(self.reach, query, self.store.searcher.registry)
        cursors = await self.store.cursors(self.runner)
        return await self.store.searcher.search(self.runner, query, cursors, self.reach.lookup)

    async def _read_within(self, keys: Sequence[Key], within: Lookup) -> dict[tuple[str, str], Stored]:
        names = self.store.type_names
        text, arguments = read_within(keys, within)
        found = await self.runner.rows(text, *arguments)
        return {(names[number], key): stored(names[number], key, columns) for number, key, *columns in found}

    async def _standing(self, keys: Iterable[Key], within: Lookup | None) -> dict[Key, str]:
        """Lock those that exist, and return how each stands: HELD, DELETED (of a type wholly in reach) or BEYOND."""
        text, arguments = standing(sorted(set(keys)), within)
        found = await self.runner.rows(text, *arguments)
        return {
            (number, key): DELETED if deleted and held else HELD if held else BEYOND
            for number, key, deleted, held in found
        }

    async def _refuse_unheld(self, changes: Sequence[Change]) -> None:
        """Refuse to write what is out of reach as if it did not exist, and to create without a scope for it."""
        within = self.reach.lookup(sorted({change.draft.type for change in changes}), "u")
        stands = await self._standing([self._key(change.draft) for change in changes], within)
        for change in changes:
            stand = stands.get(self._key(change.draft))
            if stand == BEYOND or (stand != HELD and not self.reach.permits(change.draft.type, "c")):
                refuse_unknown(change.draft, change.expected_version, may_create=False)

    def _key(self, draft: Draft) -> Key:
        return self._numbers[draft.type], draft.id
