"""The writes of a transaction: which resource each entry stands for, what its links become, in few statements."""

import asyncio
import re
from collections.abc import Sequence

from usager_server.errors import FHIRError, Invalid, Unprocessable
from usager_server.interactions.conditions import Identity, create_condition, match, parse_identity
from usager_server.interactions.entries import Entry, refuse_entry
from usager_server.interactions.links import Holder, Links
from usager_server.interactions.request import parse_query_string
from usager_server.interactions.routing import Name
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.update import replaced_id
from usager_server.interactions.writing import expected_version, new_id, prepared, written_reply
from usager_server.repository import Change, Draft

SLICE = 25
CONDITIONAL_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
RESTFUL = re.compile(r"(.+/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
VERSION = re.compile(r"(.+)/_history/[^/]+")

# What two entries may do to one identity: make it once for both, or delete the old one and make a new one.
TOGETHER: Sequence[set[Name]] = ({"create"}, {"create", "conditional_delete"})

Target = tuple[str, str]


class Writes:
    """The creates and updates of one transaction, from their identities to their replies."""

    def __init__(self, session: Session, entries: Sequence[Entry]) -> None:
        self.session = session
        self.entries = entries
        self.links = Links(session.house.definitions)
        self.identities: dict[int, Identity] = {}
        self.targets: dict[int, Target] = {}
        self.new_by_identity: dict[Identity, Target] = {}
        self.addresses: dict[str, Target] = {}
        self.found: dict[Identity, str] = {}
        self.unmatched: set[int] = set()

    async def hold_identities(self) -> None:
        """Claim every condition, in one order for all transactions so that two of them cannot wait for each other."""
        asked: dict[Identity, set[Name]] = {}
        for entry in self.entries:
            identity = self._identity(entry)
            if identity is None:
                continue
            before = asked.setdefault(identity, set())
            if not all({entry.interaction, other} in TOGETHER for other in before):
                raise Invalid(f"Two entries write to the one that {identity.key} names", entry.place, code="duplicate")
            before.add(entry.interaction)
            self.identities[entry.index] = identity
        if self.identities:
            await self.session.repository.claim(*sorted({identity.key for identity in self.identities.values()}))

    def _identity(self, entry: Entry) -> Identity | None:
        request = entry.request
        try:
            if entry.interaction == "create":
                return create_condition(request)
            if entry.interaction in ("conditional_update", "conditional_patch", "conditional_delete"):
                return parse_identity(request.type, request.query)
        except FHIRError as error:
            refuse_entry(error, entry)
        return None

    async def run(self) -> None:
        """Create and update, in the order that lets conditional references see what this transaction creates."""
        creates = [entry for entry in self.entries if entry.interaction == "create"]
        updates = [entry for entry in self.entries if entry.interaction in ("update", "conditional_update")]
        for entry in [*creates, *updates]:
            await self._settle(entry)
        self._refuse_overlaps()
        writing = [entry for entry in [*creates, *updates] if entry.reply is None]
        waiting = await self._link(
            [*writing, *(e for e in self.entries if e.interaction in ("patch", "conditional_patch"))]
        )
        await self._store([entry for entry in writing if entry.index not in waiting])
        for index, holders in waiting.items():
            await self._resolve(self.entries[index], holders)
        await self._store([entry for entry in writing if entry.index in waiting])

    async def _store(self, entries: Sequence[Entry]) -> None:
        """Write these entries: one statement for all that are new, few for the others."""
        creates, updates = list[tuple[Entry, Draft]](), list[tuple[Entry, Change]]()
        for number, entry in enumerate(entries):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            method = "POST" if entry.interaction == "create" else "PUT"
            draft = await prepared(self.session, entry.resource or {}, self.targets[entry.index][1], method)
            if entry.interaction == "create" or self._is_new(entry):
                creates.append((entry, draft))
            else:
                version = expected_version(entry.request)
                updates.append((entry, Change(draft, version, entry.request.if_match is None)))
        await self._create(creates)
        await self._update(updates)

    def _is_new(self, entry: Entry) -> bool:
        """Say whether a conditional update found nothing, so that its id was made here."""
        return entry.index in self.unmatched

    async def _create(self, creates: Sequence[tuple[Entry, Draft]]) -> None:
        if creates:
            await self.session.repository.create([draft for _, draft in creates])
        for entry, draft in creates:
            entry.reply = written_reply(draft.stored(1), 201, entry.request.prefer)

    async def _update(self, updates: Sequence[tuple[Entry, Change]]) -> None:
        if not updates:
            return
        try:
            written = await self.session.repository.write([change for _, change in updates])
        except FHIRError as error:
            refused = [entry for entry, change in updates if f"{change.draft.type}/{change.draft.id} " in str(error)]
            refuse_entry(error, (refused or [entry for entry, _ in updates])[0])
        for (entry, _), made in zip(updates, written, strict=True):
            entry.reply = written_reply(made.stored, 201 if made.created else 200, entry.request.prefer)

    async def _settle(self, entry: Entry) -> None:
        """Decide which resource an entry writes, or that it writes none because one is there."""
        try:
            target = await self._target(entry)
        except FHIRError as error:
            refuse_entry(error, entry)
        self.targets[entry.index] = target
        if entry.full_url:
            self.addresses[entry.full_url] = target

    async def _target(self, entry: Entry) -> Target:
        request, identity = entry.request, self.identities.get(entry.index)
        if identity is None:
            return request.type, request.id or new_id()
        if entry.interaction == "create" and identity in self.new_by_identity:
            entry.reply = Reply(200, location="/".join(self.new_by_identity[identity]))
            return self.new_by_identity[identity]
        found = await match(self.session, identity)
        if entry.interaction == "create":
            if found is not None:
                entry.reply = written_reply(found, 200, request.prefer)
            target = request.type, found.id if found else new_id()
        else:
            resource = entry.resource or {}
            known_id = replaced_id(resource, found.id if found else None)
            if known_id is None:
                self.unmatched.add(entry.index)
            target = request.type, known_id or new_id()
        self.new_by_identity[identity] = target
        return target

    def _refuse_overlaps(self) -> None:
        """Refuse two entries that write one resource (FHIR R4 http.html#trules)."""
        seen: dict[Target, int] = {}
        for entry in self.entries:
            if entry.interaction == "create" and entry.reply is not None:
                continue
            target = self.targets.get(entry.index)
            if target is None and entry.interaction in ("delete", "patch"):
                target = entry.request.type, entry.request.id
            if target is None:
                continue
            if target in seen:
                other = f"Bundle.entry[{seen[target]}]"
                raise Invalid(f"This entry and {other} both write {'/'.join(target)}", entry.place, code="duplicate")
            seen[target] = entry.index

    async def _link(self, entries: Sequence[Entry]) -> dict[int, list[Holder]]:
        """Point links between entries to what they become; return the conditional references to look up."""
        waiting: dict[int, list[Holder]] = {}
        for number, entry in enumerate(entries):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            base = RESTFUL.fullmatch(entry.full_url)
            self._link_entry(entry, base[1] if base else "", waiting)
        return waiting

    def _link_entry(self, entry: Entry, base: str, waiting: dict[int, list[Holder]]) -> None:
        def replace(link: str) -> str | None:
            return self._replacement(link, base)

        def found(holder: Holder) -> None:
            conditional = CONDITIONAL_REFERENCE.fullmatch(holder["reference"])
            if conditional and conditional[1] in self.session.house.definitions.resource_types:
                waiting.setdefault(entry.index, []).append(holder)

        if entry.resource is not None:
            self.links.replace(entry.resource, replace, found)

    def _replacement(self, link: str, base: str) -> str | None:
        target = self.addresses.get(link)
        if target is not None:
            return f"{target[0]}/{target[1]}"
        if base and not link.startswith("#") and base + link in self.addresses:
            return "/".join(self.addresses[base + link])
        versioned = VERSION.fullmatch(link)
        if versioned and (versioned[1] in self.addresses or base + versioned[1] in self.addresses):
            target = self.addresses.get(versioned[1]) or self.addresses[base + versioned[1]]
            return f"{target[0]}/{target[1]}/_history/1"
        return None

    async def _resolve(self, entry: Entry, holders: Sequence[Holder]) -> None:
        """Replace conditional references by the one resource that each names."""
        for holder in holders:
            try:
                holder["reference"] = await self._named(str(holder["reference"]))
            except FHIRError as error:
                refuse_entry(error, entry)

    async def _named(self, reference: str) -> str:
        resource_type, _, query = reference.partition("?")
        identity = parse_identity(resource_type, parse_query_string(query))
        if identity in self.new_by_identity:
            return "/".join(self.new_by_identity[identity])
        if identity not in self.found:
            found = await match(self.session, identity)
            if found is None:
                raise Unprocessable(f"The reference {identity.key} names no resource", code="not-found")
            self.found[identity] = f"{found.type}/{found.id}"
        return self.found[identity]
