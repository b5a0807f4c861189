"""The searches that a prefilled document takes: as many as its outline has, whatever the size of the record."""

import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from usager_server.documents.prefill.models import tokens_of
from usager_server.documents.prefill.outline import LOOKUPS_MOST, Fill
from usager_server.documents.prefill.record import Record
from usager_server.documents.prefill.setting import Former, Setting, references_in
from usager_server.errors import Forbidden
from usager_server.interactions.limits import PREFILL_REFERENCES_LIMIT
from usager_server.interactions.queries import search_query
from usager_server.interactions.session import Session
from usager_server.jsontext import parse_json
from usager_server.repository import Stored
from usager_server.search.limits import COUNT_MOST

Tree = dict[str, Any]
T = TypeVar("T")

SEARCHED = 200
"""Matches read of a search with criteria: enough to find the latest of each code."""

# What a statement says by reference, and that is told with it.
TOLD = ("Device", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole")
REFERENCE = re.compile(rf'"reference":"((?:{"|".join(TOLD)})/[A-Za-z0-9\-.]{{1,64}})"')


async def read_record(session: Session, setting: Setting) -> Record:
    """Return what the outline searches for.

    Time    one statement or two for all searches without criteria, a few for each other one, one for what the matches
            refer to.
    """
    patient = str(setting.patient["id"])
    outline = setting.asked.outline
    withheld: set[Fill] = set()
    try:
        matches, cut, texts = await _swept(session, patient, [each for each in outline.searches if each.is_plain])
        others = [each for each in outline.searches if not each.is_plain]
    except Forbidden:  # one type at least is out of reach: which ones is seen search by search
        matches, cut, texts = {}, set(), []
        others = list(outline.searches)
    for fill in others:
        answer = await permitted(_searched(session, patient, fill), None)
        if answer is None:
            withheld.add(fill)
            continue
        found, more = answer
        matches[fill] = _trees(found)
        texts += [each.document or "" for each in found]
        if more and not fill.one_of_each:
            cut.add(fill)
    named = sorted({name for text in texts for name in REFERENCE.findall(text)})[:PREFILL_REFERENCES_LIMIT]
    looked_up = await _looked_up(session, outline.looks_up(setting)[:LOOKUPS_MOST])
    at_hand = await read_all(session, named)
    return Record(matches, frozenset(cut), frozenset(withheld), at_hand, looked_up)


async def permitted(found: Awaitable[T], otherwise: T) -> T:
    """Return what was found, or something else when the caller's grant does not reach that far."""
    try:
        return await found
    except Forbidden:
        return otherwise


async def _swept(
    session: Session, patient: str, fills: Sequence[Fill]
) -> tuple[dict[Fill, Sequence[Tree]], set[Fill], list[str]]:
    """Read the types that are searched without criteria: all in one search, or each alone when they are too many."""
    types = sorted({fill.type for fill in fills})
    if not types:
        return {}, set(), []
    found, more = await _page(session, types, [], patient, COUNT_MOST)
    full: set[str] = set()
    if more:
        found = []
        for name in types:
            ones, is_full = await _page(session, [name], [], patient, SEARCHED)
            found += ones
            full |= {name} if is_full else set()
    by_type: dict[str, list[Tree]] = {name: [] for name in types}
    for stored in found:
        by_type[stored.type] += _trees([stored])
    texts = [each.document or "" for each in found]
    return {fill: by_type[fill.type] for fill in fills}, {fill for fill in fills if fill.type in full}, texts


async def _searched(session: Session, patient: str, fill: Fill) -> tuple[list[Stored], bool]:
    """Do one search with criteria; codes that a full page does not show are asked for again, without the others."""
    pairs = parse_qsl(fill.search.partition("?")[2])
    tokens = [*tokens_of(fill.codes), *fill.panels] if fill.codes else []
    coded = [("code", ",".join(tokens))] if tokens else []
    found, more = await _page(session, [fill.type], [*pairs, *coded], patient, SEARCHED)
    latest, is_full = found, more
    while is_full and fill.one_of_each and tokens:
        shown = "".join(each.document or "" for each in latest)
        tokens = [each for each in tokens if f'"{each.rpartition("|")[2]}"' not in shown]
        if not tokens:
            break
        coded = [("code", ",".join(tokens))]
        latest, is_full = await _page(session, [fill.type], [*pairs, *coded], patient, SEARCHED)
        found += latest
    return found, more


async def _page(
    session: Session, types: Sequence[str], pairs: Sequence[tuple[str, str]], patient: str, count: int
) -> tuple[list[Stored], bool]:
    query = search_query(session, types, pairs, strict=True, compartment=("Patient", patient))
    page = await session.repository.search(replace(query, count=count))
    return [match.stored for match in page.entries if match.stored.document], page.next is not None


async def find_first(
    session: Session, patient: str | None, resource_type: str, *pairs: tuple[str, str], count: int = 1
) -> list[Tree]:
    """Return the first matches of a search, in a compartment when a patient is named."""
    compartment = ("Patient", patient) if patient else None
    query = search_query(session, [resource_type], pairs, strict=True, compartment=compartment)
    page = await session.repository.search(replace(query, count=count))
    return _trees(match.stored for match in page.entries)


async def _looked_up(session: Session, searches: Sequence[str]) -> list[Tree]:
    found: list[Tree] = []
    for each in searches:
        resource_type, _, query = each.partition("?")
        found += await permitted(find_first(session, None, resource_type, *parse_qsl(query), count=5), [])
    return found


async def read_all(session: Session, names: Iterable[str]) -> dict[str, Tree]:
    """Return the resources that are there, by relative reference."""
    pairs = [(kind, key) for kind, _, key in (name.partition("/") for name in names)]
    found = await session.repository.read_many(pairs) if pairs else {}
    return {f"{kind}/{key}": tree for (kind, key), each in found.items() for tree in _trees([each])}


async def read_former(session: Session, composition: Tree) -> Former:
    """Return the version before with what it lists, and the members of the groups among those: two statements."""
    names = list(dict.fromkeys(_listed(composition)))[:PREFILL_REFERENCES_LIMIT]
    listed = await read_all(session, names)
    members = [name for each in listed.values() for name in _members(each) if name not in listed]
    inside = await read_all(session, list(dict.fromkeys(members))[:PREFILL_REFERENCES_LIMIT])
    return Former(composition, {**dict.fromkeys([*names, *members]), **listed, **inside})


def _listed(holder: Tree) -> Iterable[str]:
    for section in holder.get("section", ()):
        yield from (name for name in references_in(section) if "/" in name)
        yield from _listed(section)


def _members(resource: Tree) -> Iterable[str]:
    return (name for name in references_in({"entry": resource.get("hasMember", ())}) if "/" in name)


def _trees(found: Iterable[Stored]) -> list[Tree]:
    return [parse_json(each.document.encode()) for each in found if each.document is not None]
