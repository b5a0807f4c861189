"""The links of a transaction: from the fullUrl of an entry to the resource that the entry becomes."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from usager_server.errors import FHIRError
from usager_server.interactions.entries import Entry, Target, refuse_entry
from usager_server.interactions.links import Holder
from usager_server.interactions.places import place_of, relocated
from usager_server.interactions.references import is_conditional, localise, resolve
from usager_server.interactions.session import Session

# Between two of these, other requests get their turn.
SLICE = 25
RESTFUL = re.compile(r"(.+/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
VERSION = re.compile(r"(.+)/_history/[^/]+")

Waiting = Mapping[int, Sequence[Holder]]
"""By the index of an entry, its conditional references: what they name may not be stored yet."""


async def link(session: Session, entries: Sequence[Entry], addressed: Sequence[Entry]) -> Waiting:
    """Point links between entries to what they become; return the conditional references that are left.

    Shape   addressed are the entries that links may point at, entries those whose links are replaced.
    """
    addresses = {entry.full_url: entry.target for entry in addressed if entry.full_url and entry.target}
    waiting: dict[int, list[Holder]] = {}
    for number, entry in enumerate(entries):
        if number % SLICE == 0:
            await asyncio.sleep(0)
        if entry.resource is not None and (found := _link(session, entry, addresses)):
            waiting[entry.index] = found
    return waiting


def _link(session: Session, entry: Entry, addresses: Mapping[str, Target]) -> list[Holder]:
    conditional: list[Holder] = []
    of_entry = RESTFUL.fullmatch(entry.full_url)
    base = of_entry[1] if of_entry else ""

    def left(holder: Holder) -> None:
        localise(session, holder)
        if is_conditional(session, holder):
            conditional.append(holder)

    session.house.links.replace(entry.resource or {}, lambda text: _replacement(text, base, addresses), left)
    return conditional


def _replacement(text: str, base: str, addresses: Mapping[str, Target]) -> str | None:
    """Return what a link becomes; None when it points at no entry. Relative links follow the base of their entry."""
    candidates = (text, base + text) if base and not text.startswith("#") else (text,)
    for address in candidates:
        if address in addresses:
            return "/".join(addresses[address])
    if versioned := VERSION.fullmatch(text):
        for address in (versioned[1], base + versioned[1]):
            if address in addresses:
                return f"{'/'.join(addresses[address])}/_history/1"
    return None


async def resolve_waiting(session: Session, entries: Sequence[Entry], waiting: Waiting) -> None:
    """Look conditional references up, those of all entries together; what this transaction made is found too."""
    known = {entry.identity: "/".join(entry.target) for entry in entries if entry.identity and entry.target}
    holding = {id(holder): entry for entry in entries for holder in waiting.get(entry.index, ())}

    def refuse(error: FHIRError, holder: Holder) -> NoReturn:
        entry = holding[id(holder)]
        refuse_entry(relocated(error, f"{place_of(entry.resource, holder)}.reference"), entry)

    await resolve(session, [holder for holders in waiting.values() for holder in holders], refuse, known)
