"""Conditional interactions: the identity that a condition names, held until the write is done."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from usager_server.errors import Invalid, MultipleMatches
from usager_server.interactions.excerpt import tell_condition
from usager_server.interactions.queries import search_query
from usager_server.interactions.request import Request, parse_query_string
from usager_server.interactions.session import Session
from usager_server.repository import Stored
from usager_server.search.identities import normal_form
from usager_server.search.query import SearchQuery

# They shape the answer and select nothing.
RESULT_PARAMETERS = frozenset(
    {"_sort", "_count", "_include", "_revinclude", "_summary", "_total", "_elements", "_contained", "_containedType"}
)
FORMAT_PARAMETERS = frozenset({"_format", "_pretty"})
_AROUND = re.compile(r"\s*&\s*")


@dataclass(frozen=True, slots=True)
class Identity:
    """A resource type with the search that names one resource of it; equal to every other spelling of that search.

    Shape   key is the text under which it is claimed; text says it to the caller, with the names of the parameters.
    """

    type: str
    key: str
    text: str = field(compare=False)
    query: SearchQuery = field(compare=False)


def parse_identity(session: Session, resource_type: str, parameters: Iterable[tuple[str, str]]) -> Identity:
    """Return the identity that search parameters name.

    Errors  Invalid (400) when nothing is left to select by, when a parameter only shapes an answer, or is not known: a
            condition that is only understood in part could select the wrong resource.
    """
    kept = [(name, value) for name, value in parameters if name not in FORMAT_PARAMETERS]
    shaping = [name for name, _ in kept if name.split(":")[0] in RESULT_PARAMETERS]
    if shaping:
        raise Invalid(f"{shaping[0]} selects nothing: it cannot be part of a condition", shaping[0])
    query = search_query(session, (resource_type,), kept, strict=True)
    if not query.conditions:
        raise Invalid("A condition needs at least one search parameter with a value", code="required")
    tell_condition(session, query)
    key = normal_form(session.house.registry, session.caller.tenant, query)
    text = f"{resource_type}?{'&'.join(f'{name}=…' for name, _ in kept)}"
    return Identity(resource_type, key, text, replace(query, count=2))


def create_condition(session: Session, request: Request) -> Identity | None:
    """Return the identity under which a create stores nothing new, or None.

    Shape   If-None-Exist names it; so does a search in the address, as some clients write it (fhirpy's get_or_create).
    """
    if request.if_none_exist is not None:
        return parse_if_none_exist(session, request.type, request.if_none_exist)
    ignored = RESULT_PARAMETERS | FORMAT_PARAMETERS
    selecting = [(name, value) for name, value in request.query if name.split(":")[0] not in ignored]
    return parse_identity(session, request.type, selecting) if selecting else None


def parse_if_none_exist(session: Session, resource_type: str, text: str) -> Identity:
    """Return the identity of an If-None-Exist header, with or without the type and question mark before it."""
    query = _AROUND.sub("&", text.rpartition("?")[2].strip())
    return parse_identity(session, resource_type, parse_query_string(query))


async def hold(session: Session, identity: Identity) -> None:
    """Claim an identity: whoever else claims it waits until this transaction ends."""
    await session.repository.claim(identity.key)


async def match(session: Session, identity: Identity) -> Stored | None:
    """Return the one resource of an identity, or None. Errors: MultipleMatches (412) when there are several."""
    (found,) = await session.repository.matches([identity.query])
    return the_one(identity, found)


def the_one(identity: Identity, found: Sequence[Stored]) -> Stored | None:
    """Return the only match of an identity, or None. Errors: MultipleMatches (412) when there are several."""
    if len(found) > 1:
        raise MultipleMatches(f"Several resources match {identity.text}: the condition must name one")
    return found[0] if found else None


async def held_match(session: Session, identity: Identity) -> Stored | None:
    """Claim an identity and return its one resource, or None."""
    await hold(session, identity)
    return await match(session, identity)
