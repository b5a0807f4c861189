"""Conditional interactions: the identity that a condition names, held until the write is done."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from usager_server.errors import Invalid, MultipleMatches
from usager_server.interactions.queries import search_query
from usager_server.interactions.request import Request, parse_query_string
from usager_server.interactions.session import Session
from usager_server.repository import Stored

# They shape the answer and select nothing.
RESULT_PARAMETERS = frozenset(
    {"_sort", "_count", "_include", "_revinclude", "_summary", "_total", "_elements", "_contained", "_containedType"}
)
FORMAT_PARAMETERS = frozenset({"_format", "_pretty"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A resource type with the search that names one resource of it; equal whatever the order it was written in."""

    type: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """The text under which the identity is claimed."""
        return f"{self.type}?{urlencode(self.parameters)}"


def parse_identity(resource_type: str, parameters: Iterable[tuple[str, str]]) -> Identity:
    """Return the identity that search parameters name.

    Errors  Invalid (400) when nothing is left to select by, or when a parameter only shapes an answer.
    """
    kept = sorted((name, value) for name, value in parameters if name not in FORMAT_PARAMETERS)
    shaping = [name for name, _ in kept if name.split(":")[0] in RESULT_PARAMETERS]
    if shaping:
        raise Invalid(f"{shaping[0]} selects nothing: it cannot be part of a condition", shaping[0])
    if not any(value for _, value in kept):
        raise Invalid("A condition needs at least one search parameter with a value", code="required")
    return Identity(resource_type, tuple(kept))


def create_condition(request: Request) -> Identity | None:
    """Return the identity under which a create stores nothing new, or None.

    Shape   If-None-Exist names it; so does a search in the address, as some clients write it (fhirpy's get_or_create).
    """
    if request.if_none_exist is not None:
        return parse_if_none_exist(request.type, request.if_none_exist)
    ignored = RESULT_PARAMETERS | FORMAT_PARAMETERS
    selecting = [(name, value) for name, value in request.query if name.split(":")[0] not in ignored]
    return parse_identity(request.type, selecting) if selecting else None


def parse_if_none_exist(resource_type: str, text: str) -> Identity:
    """Return the identity of an If-None-Exist header, with or without the type and question mark before it."""
    return parse_identity(resource_type, parse_query_string(text.rpartition("?")[2]))


async def hold(session: Session, identity: Identity) -> None:
    """Claim an identity: whoever else claims it waits until this transaction ends."""
    await session.repository.claim(identity.key)


async def match(session: Session, identity: Identity) -> Stored | None:
    """Return the one resource of an identity, or None.

    Errors  MultipleMatches (412) when there are several, Invalid (400) on a parameter that is not known: a condition
            that is only understood in part could select the wrong resource.
    """
    query = search_query(session, (identity.type,), identity.parameters, strict=True)
    page = await session.repository.search(replace(query, count=2))
    found = [entry.stored for entry in page.entries if entry.mode == "match"]
    if len(found) > 1:
        raise MultipleMatches(f"Several resources match {identity.key}: the condition must name one")
    return found[0] if found else None


async def held_match(session: Session, identity: Identity) -> Stored | None:
    """Claim an identity and return its one resource, or None."""
    await hold(session, identity)
    return await match(session, identity)
