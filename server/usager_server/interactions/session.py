"""What an interaction or an operation works with, and what it gives back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from usager_server.access.reach import Reach, Reaches
from usager_server.birthplaces.current import Birthplaces
from usager_server.caller import Caller
from usager_server.definitions import Definitions
from usager_server.interactions.links import Links
from usager_server.interactions.request import Request, never_raw
from usager_server.interactions.routing import Name
from usager_server.profile import Profile
from usager_server.repository import Repository, Stored
from usager_server.search.parameters import SearchRegistry, nothing_off
from usager_server.search.unfinished import Unfinished
from usager_server.settings import Settings
from usager_server.terminology import Library
from usager_server.traces.act import Act
from usager_server.validation import Validator

Interaction = Callable[["Session", Request], Awaitable["Reply"]]


@dataclass(frozen=True, slots=True)
class House:
    """What is the same for every request: built once, by `app.create_app`.

    Shape   repository gives the store of a tenant, for a request that leaves traces or not; interactions by the name
            that `routing.py` has for them; links walks those of resources. operations by (resource type or None,
            code); inactive says of the name of an operation ("Patient/$do") which profile that is off would bring it.
            profiles are those switched on; supported_profiles the canonicals of the StructureDefinitions known, by
            resource type. served holds the definitions that the house itself brings, by type and id; texts keeps what
            is written once and served often. library: the code systems and value sets at hand. reaches: how far
            each grant goes. unfinished: what is being indexed anew.
    """

    settings: Settings
    definitions: Definitions
    registry: SearchRegistry
    validator: Validator
    repository: Callable[[int, Act | None], Repository]
    interactions: Mapping[Name, Interaction]
    library: Library
    links: Links
    reaches: Reaches
    birthplaces: Birthplaces = field(default_factory=Birthplaces)
    unfinished: Unfinished = field(default_factory=Unfinished)
    operations: Mapping[tuple[str | None, str], "Operation"] = field(default_factory=dict)
    inactive: Callable[[str], str | None] = nothing_off
    profiles: Sequence[Profile] = ()
    supported_profiles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    served: Mapping[tuple[str, str], Stored] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """One caller at work in the house, on the store of its tenant, or on the part of it that its grant reaches.

    Shape   act is None when nobody keeps traces; reach when the grant permits everything. receives: what is written
            comes from a document, where a number may be wrong. pace counts what a Bundle asks for besides itself, None
            where nobody counts. Made by `gate.session_for`.
    """

    house: House
    caller: Caller
    repository: Repository
    base_url: str
    act: Act | None = None
    reach: Reach | None = None
    receives: bool = False
    pace: Callable[[Caller, str], Awaitable[None]] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Session"]:
        """Yield the same session inside one database transaction: all it writes is kept, or nothing."""
        async with self.repository.transaction() as repository:
            yield replace(self, repository=repository)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of an interaction, before the door gives it a format.

    Shape   document: JSON text ready to be sent (a stored resource); resource: a tree still to be written; content: raw
            bytes or a stream with their content_type. At most one of the three. version and last_modified become ETag
            and Last-Modified; location the path after the base. raw: the content is somebody's bytes, sent untouched
            even when they call themselves FHIR.
    """

    status: int = 200
    document: str | None = None
    resource: Mapping[str, Any] | None = None
    content: bytes | AsyncIterator[bytes] | None = None
    content_type: str | None = None
    raw: bool = False
    version: int | None = None
    last_modified: datetime | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What a caller gave to an operation.

    Shape   parameters: a Parameters resource, whatever way the values came (body, or query string for GET); body and
            content_type: the raw body when it is neither Parameters nor query (a CDA document); a bare resource in JSON
            is put in a Parameters as "resource". resource_type and resource_id None at the upper levels. prefers_raw
            says, of a media type the operation can answer in, whether the caller wants that rather than a resource.
            names says whether Accept names a media type outright. by_get: nothing may change, whatever is asked for.
    """

    resource_type: str | None = None
    resource_id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""
    prefers_raw: Callable[[str], bool] = field(default=never_raw)
    names: Callable[[str], bool] = field(default=never_raw)
    by_get: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Shape   definition is its OperationDefinition (code, system / type / instance, resource, affectsState, parameter);
            accepts lists the raw content types it reads besides FHIR ("application/xml" for CDA). needs: the letters
            of SMART scopes that a caller must have, by resource type, "" for the type of the address: {"": "r"}; {} for
            what tells nothing of what is stored. None: whoever is limited by scopes may not call it. What it reads and
            writes through the session's repository is held to the caller's reach besides. stands_alone: it waits for
            another service, or its turn, so that it is no part of a transaction, which holds a connection meanwhile.
    """

    definition: Mapping[str, Any]
    handler: Callable[[Session, OperationRequest], Awaitable[Reply]]
    accepts: tuple[str, ...] = ()
    needs: Mapping[str, str] | None = None
    stands_alone: bool = False

    @property
    def code(self) -> str:
        """Return the name after the $."""
        return str(self.definition["code"])

    @property
    def names(self) -> list[str]:
        """Return what it is called, by the types it stands on: "Location/$places", or "$convert" for the system."""
        types = self.definition.get("resource") or [""]
        return [f"{resource_type}/${self.code}".lstrip("/") for resource_type in types]


def now() -> datetime:
    """Return this instant, UTC, to the millisecond that FHIR instants carry."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def instant_text(moment: datetime) -> str:
    """Return a UTC datetime as FHIR writes an instant."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
