"""Literal references of a resource on its way in: those to this server made relative, conditional ones looked up.

Source  FHIR R4 http.html#trules (conditional references), references.html#literal.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from usager_server.errors import FHIRError, Unprocessable
from usager_server.interactions.conditions import Identity, parse_identity, the_one
from usager_server.interactions.links import Holder
from usager_server.interactions.places import place_of, relocated
from usager_server.interactions.request import parse_query_string
from usager_server.interactions.session import Session
from usager_server.repository import Stored

Refuse = Callable[[FHIRError, Holder], NoReturn]

NOTHING: Mapping[Identity, str] = MappingProxyType({})
CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
BELOW_BASE = re.compile(r"[A-Z][A-Za-z]+/.+", re.DOTALL)
# Looks at the text of a resource; a hit only means that the tree is worth a look.
WRITTEN_CONDITIONAL = re.compile(r'"reference":"[A-Z][A-Za-z]+\?')


def may_change(session: Session, text: str) -> bool:
    """Say whether a resource whose JSON text this is may hold a reference that is not stored as it is. Time: 1 µs."""
    return f"{session.base_url}/" in text or ("?" in text and WRITTEN_CONDITIONAL.search(text) is not None)


async def settle_references(session: Session, resource: dict[str, Any]) -> None:
    """Make the references of a resource what is stored: relative when they point here, resolved when conditional.

    Errors  Unprocessable (422) when a conditional reference names nothing, MultipleMatches (412) when it names several,
            Invalid (400) when its condition is not a search.
    """
    waiting: list[Holder] = []

    def found(holder: Holder) -> None:
        localise(session, holder)
        if is_conditional(session, holder):
            waiting.append(holder)

    def refuse(error: FHIRError, holder: Holder) -> NoReturn:
        raise relocated(error, f"{place_of(resource, holder)}.reference") from error

    session.house.links.replace(resource, lambda _link: None, found)
    await resolve(session, waiting, refuse)


def localise(session: Session, holder: Holder) -> None:
    """Make a reference to a resource of this server relative: it must still be found when the server moves."""
    text = str(holder["reference"])
    relative = text.removeprefix(f"{session.base_url}/")
    if relative != text and BELOW_BASE.fullmatch(relative):
        holder["reference"] = relative


def is_conditional(session: Session, holder: Holder) -> bool:
    """Say whether a reference is a search: Patient?identifier=…"""
    found = CONDITIONAL.fullmatch(str(holder["reference"]))
    return found is not None and found[1] in session.house.definitions.resource_types


async def resolve(
    session: Session, holders: Sequence[Holder], refuse: Refuse, known: Mapping[Identity, str] = NOTHING
) -> None:
    """Replace conditional references by the one resource that each names, all looked up together.

    Shape   refuse raises the refusal of a reference with its place; known are identities whose resource is known.
    """
    named = [(holder, _identity(session, holder, refuse)) for holder in holders]
    unknown = list(dict.fromkeys(identity for _, identity in named if identity not in known))
    matches = await session.repository.matches([identity.query for identity in unknown]) if unknown else []
    found = dict(zip(unknown, matches, strict=True))
    for holder, identity in named:
        try:
            holder["reference"] = known.get(identity) or _address(identity, found[identity])
        except FHIRError as error:
            refuse(error, holder)


def _address(identity: Identity, found: Sequence[Stored]) -> str:
    stored = the_one(identity, found)
    if stored is None:
        raise Unprocessable(f"The reference {identity.text} names no resource", code="not-found")
    return f"{stored.type}/{stored.id}"


def _identity(session: Session, holder: Holder, refuse: Refuse) -> Identity:
    resource_type, _, query = str(holder["reference"]).partition("?")
    try:
        return parse_identity(session, resource_type, parse_query_string(query))
    except FHIRError as error:
        refuse(error, holder)
