"""The store in FHIR's words: what the interactions may ask of it. `postgres.py` answers; no SQL is seen above here."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from usager_server.access.reach import Reach
from usager_server.search.cursor import Cursors
from usager_server.search.index import IndexRows
from usager_server.search.likeness import Probe
from usager_server.search.query import SearchQuery
from usager_server.traces.act import Act
from usager_server.traces.event import Event
from usager_server.traces.record import Trace, TraceQuery

if TYPE_CHECKING:
    from usager_server.repository.running import Runner


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource as it lies in the store.

    Shape   document is the JSON text that is served, byte for byte; None when this version is a deletion.
            method is the HTTP method that made the version (POST, PUT, PATCH, DELETE). content is the key of the bytes
            of a Binary (`read_content`). revived: the version before, which this one came after, was a deletion.
    """

    type: str
    id: str
    version: int
    last_updated: datetime
    document: str | None
    method: str = "PUT"
    content: str | None = None
    revived: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource ready to be stored: all that can be computed without the database.

    Shape   head + version number + tail is the JSON text of the resource: the store alone knows the number, so it
            puts the document together. row grows with time and is used when the resource is new. content is the key
            that `write_content` gave for the bytes of a Binary; tenant the one the index rows were hashed for.
    """

    type: str
    id: str
    row: int
    head: str
    tail: str
    last_updated: datetime
    index: IndexRows
    method: str = "PUT"
    content: str | None = None
    tenant: int = 1

    def stored(self, version: int) -> Stored:
        """Return what the store holds when this becomes the given version."""
        document = f"{self.head}{version}{self.tail}"
        return Stored(self.type, self.id, version, self.last_updated, document, self.method, self.content)


@dataclass(frozen=True, slots=True)
class Change:
    """One write among several: the draft, and what `Repository.update` takes beside it."""

    draft: Draft
    expected_version: int | None = None
    may_create: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the version it made, and whether the resource is new."""

    stored: Stored
    created: bool


@dataclass(frozen=True, slots=True)
class Match:
    """One entry of a searchset; mode is match, include or outcome."""

    stored: Stored
    mode: str = "match"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of matches, includes on top; next is the cursor of the page after it, previous of the one before."""

    entries: Sequence[Match] = ()
    next: str | None = None
    previous: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which versions to list, newest first. type and id None: the whole tenant, or a whole type.

    Shape   since: made at or after. at: those that were current at that instant, or at some moment of [at, until) when
            until is given. types narrows a whole-tenant history. reader: as in SearchQuery.
    """

    type: str | None = None
    id: str | None = None
    since: datetime | None = None
    at: datetime | None = None
    until: datetime | None = None
    count: int = 50
    cursor: str | None = None
    types: Sequence[str] = field(default=())
    reader: str = ""


Stamp = tuple[int, datetime | None]
"""Two of the same types are equal when nothing was written between them; (0, None) when nothing ever was."""


class Repository(Protocol):
    """The store of one tenant. Each call is one transaction, unless the repository came from `transaction()`."""

    @property
    def runner(self) -> "Runner":
        """What runs statements here, in the same transaction: for rooms that keep more than resources (tickets)."""
        ...

    async def exists(self) -> bool:
        """Say whether there is such a tenant. Time: nothing once it was found."""
        ...

    async def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Return the current version, or None; a deleted resource is a Stored without document."""
        ...

    async def show(self, resource_type: str, resource_id: str, act: Act) -> Stored | None:
        """Return the current version as `read` does, and trace that it is shown, in the same statement where it can.

        Shape   act is the read that will show it whole; act.is_told says afterwards whether the trace is on disk. When
                it is not (nothing was found; several Patients are named), the caller is to record it.
        """
        ...

    async def read_many(self, references: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
        """Return the current versions of those (type, id) that exist, in one round trip."""
        ...

    async def vread(self, resource_type: str, resource_id: str, version: int) -> Stored | None:
        """Return one version, or None."""
        ...

    async def vread_many(self, versions: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], Stored]:
        """Return those of these versions (type, id, number) that exist, in one round trip."""
        ...

    async def stamp(self, types: Sequence[str]) -> Stamp:
        """Return a value that every write to a resource of these types changes. Cost: their number, no document."""
        ...

    async def create(self, drafts: Sequence[Draft]) -> None:
        """Store new resources at version 1. Errors: Conflict (409) when an id is taken."""
        ...

    async def update(self, draft: Draft, *, expected_version: int | None = None, may_create: bool = True) -> Written:
        """Store the next version, or the first one when the resource is unknown.

        Errors  VersionConflict (412) when expected_version is not the current one; NotFound (404) when the resource is
                unknown and may_create is False. A deleted one comes back with the next version number, created True.
        """
        ...

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        """Do many updates (or creates by id) in a few round trips, all or nothing, and return them in the same order.

        Errors  those of update. Locks are taken in one order whatever the order of the changes: no deadlock.
        """
        ...

    async def delete(
        self, resource_type: str, resource_id: str, *, last_updated: datetime, expected_version: int | None = None
    ) -> Stored | None:
        """Write the deletion as a version and return it; None when unknown; the existing one when deleted already."""
        ...

    async def history(self, query: HistoryQuery) -> Page:
        """Return one page of versions, newest first."""
        ...

    async def search(self, query: SearchQuery) -> Page:
        """Return one page of matches with what they include. Errors: TooCostly (403)."""
        ...

    async def matches(self, queries: Sequence[SearchQuery]) -> list[Sequence[Stored]]:
        """Return up to two matches of each of these searches, in their order; includes are left aside.

        Time    those by one identifier take a statement together, the others one or two each.
        """
        ...

    async def candidates(self, sought: Sequence[Probe], count: int) -> list[Stored]:
        """Return up to `count` Patients that meet keys of likeness, those that meet most first (`search/likeness.py`).

        Time    one statement, some milliseconds among a million persons.
        """
        ...

    async def candidates_of_each(self, sought: Sequence[Sequence[Probe]], count: int) -> list[list[Stored]]:
        """Return what `candidates` does for each of several lists of keys, in their order. Time: one statement."""
        ...

    async def referring(self, reference: str, without: Sequence[str], count: int) -> list[tuple[str, str]]:
        """Return up to `count` resources (type, id) that refer to this one ("Type/id"), but those of some types."""
        ...

    async def claim(self, *keys: str) -> None:
        """Hold identities (texts of conditions) until the transaction ends; a second holder waits for the first."""
        ...

    async def lock(self, references: Sequence[tuple[str, str]]) -> None:
        """Let nobody else write these resources, those that exist, until the transaction ends."""
        ...

    async def hold(self, references: Sequence[tuple[str, str]], letter: str) -> None:
        """Let nobody else write these resources until the transaction ends; all are within reach for a letter.

        Errors  NotFound (404) when one of them does not exist, was deleted, or is out of reach.
        """
        ...

    async def opens(self, patient_id: str) -> bool:
        """Say whether the rights of the person who calls open the record of a Patient, whatever the scopes."""
        ...

    async def open_in_emergency(self, patient: str, reader: str, reason: str, minutes: int) -> datetime | None:
        """Open the record of a Patient to a reader; return until when, None when there is no such Patient.

        Shape   patient is an id; reader that of a grant ("Practitioner/id").
        """
        ...

    async def open_until(self, patient: str, reader: str) -> datetime | None:
        """Return until when a record is open to a reader in an emergency, None when it is not."""
        ...

    async def close_emergency(self, patient: str, reader: str) -> bool:
        """End what a reader opened; say whether anything was open."""
        ...

    @property
    def whole(self) -> "Repository":
        """The same store without limits, for what binds whoever may not see it: the meaning of codes, consents."""
        ...

    def within(self, reach: Reach) -> "Repository":
        """Return the part of this store that is within reach: nothing else is read, found, counted or written."""
        ...

    def transaction(self) -> AbstractAsyncContextManager["Repository"]:
        """Return the same repository inside one transaction: committed at the end, rolled back on an exception."""
        ...

    async def record(self, events: Sequence[Event]) -> None:
        """Store traces of acts: with them inside `transaction()`, else at once, on disk when this returns.

        Errors  KeyError for a kind that is not in `traces.kinds.KINDS`; Unavailable (503): the act must not go on.
        """
        ...

    async def trace(self, row: int) -> Trace | None:
        """Return the trace of this number, or None."""
        ...

    async def traces(self, query: TraceQuery) -> list[Trace]:
        """Return up to query.count traces, newest first. Errors: TooCostly (403)."""
        ...

    async def cursors(self) -> Cursors:
        """Return what seals the page links of this tenant. Errors: Unavailable (503) when there is no such tenant."""
        ...

    async def write_content(self, chunks: AsyncIterator[bytes]) -> str:
        """Store the bytes of a Binary outside its resource row, streamed, and return their key."""
        ...

    def read_content(self, key: str) -> AsyncIterator[bytes]:
        """Yield the bytes stored under a key, in pieces of at most 1 MiB."""
        ...

    async def content_size(self, key: str) -> int | None:
        """Return how many bytes are stored under a key, or None."""
        ...
