"""Whose records a message of the master of identities is about, found by the local numbers that it names."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from usager_server.documents.editions import token
from usager_server.errors import Conflict, NotFound
from usager_server.interactions.conditions import Identity, parse_identity
from usager_server.interactions.session import Session
from usager_server.matching.absorbing import replacement_of
from usager_server.operations.merged_records import tree_of
from usager_server.pam.mapping import bears, system_of
from usager_server.pam.messages import Number
from usager_server.repository import Stored

RECORDS_MOST = 10
STAYING, LEAVING = "PID-3", "MRG-1"
"""Where a message names the record that it is about, and the one that gives way to it."""

SEVERAL = "Plusieurs dossiers portent ces identifiants : les fusionner d'abord"
GONE = "Le dossier de ces identifiants a été fusionné avec un autre : envoyer les identifiants de celui-ci"
UNKNOWN = "Aucun dossier ne porte ces identifiants : envoyer d'abord l'identité (A28), puis la fusion"


def identities_of(session: Session, numbers: Sequence[Number]) -> list[Identity]:
    """Return what holds each of these numbers, and finds who bears it."""
    named = [token({"system": system_of(each), "value": each.value}) for each in dict.fromkeys(numbers)]
    return [parse_identity(session, "Patient", [("identifier", each)]) for each in named]


async def record_of(session: Session, numbers: Sequence[Number]) -> Stored | None:
    """Return the one record that bears these numbers in use, None for a person who is not known.

    Errors  Conflict (409) when several do, or when the record was merged with another: its last word is spoken.
    """
    found = await _found(session, numbers)
    standing = _standing(found, numbers)
    if len(standing) > 1:
        raise Conflict(SEVERAL, STAYING, code="multiple-matches")
    if found and not standing:
        raise Conflict(GONE, STAYING, code="business-rule")
    return standing[0] if standing else None


async def records_to_merge(
    session: Session, staying: Sequence[Number], leaving: Sequence[Number]
) -> tuple[Stored | None, Stored]:
    """Return the record that gives way, and the one that stays; None for the first when they are one already.

    Errors  NotFound (404) for numbers that nobody bears; Conflict (409) for those of several, or of a record that was
            merged with a third one.
    """
    target = await record_of(session, staying)
    if target is None:
        raise NotFound(UNKNOWN, STAYING)
    found = await _found(session, leaving)
    sources = [each for each in _standing(found, leaving) if each.id != target.id]
    if len(sources) > 1:
        raise Conflict(SEVERAL, LEAVING, code="multiple-matches")
    # One that was merged with it before: what came to it since is still to be turned.
    sources += [each for each in found if replacement_of(tree_of(each)) == f"Patient/{target.id}"]
    if sources:
        return sources[0], target
    if not found:
        raise NotFound(UNKNOWN, LEAVING)
    if target.id not in [each.id for each in found]:
        raise Conflict(GONE, LEAVING, code="business-rule")
    return None, target


async def _found(session: Session, numbers: Sequence[Number]) -> list[Stored]:
    queries = [replace(each.query, count=RECORDS_MOST) for each in identities_of(session, numbers)]
    found = {stored.id: stored for part in await session.repository.matches(queries) for stored in part}
    return list(found.values())


def _standing(found: Collection[Stored], numbers: Collection[Number]) -> list[Stored]:
    """Return those that no other record replaces, and that bear a number as one of theirs: not from a merged one."""
    return [each for each in found if _stands(tree_of(each), numbers)]


def _stands(patient: dict[str, Any], numbers: Collection[Number]) -> bool:
    return replacement_of(patient) is None and bears(patient, numbers)
