"""Patient/[id]/$unmerge: the way back from $merge: two records again, each with what it had."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from usager_server.errors import Conflict, Issue, Unprocessable
from usager_server.interactions.identities import refuse_other_than_master
from usager_server.interactions.queries import search_query
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.merge import patient_key, reason_of
from usager_server.operations.merged_records import (
    ACTIVITY,
    MERGE,
    UNMERGE,
    Key,
    Resource,
    answer,
    held,
    in_slices,
    tell,
    tree_of,
    write,
)
from usager_server.repository import Stored

VERSION = re.compile(r"([A-Za-z]+)/([A-Za-z0-9.-]+)/_history/([0-9]+)")
MOST_MERGES = 50
"""Provenances of one record that are looked through for those of its last merge."""

MOVED = (
    "Le matricule INS du dossier source est passé à celui-ci depuis la fusion : le retirer d'abord d'ici (l'identité "
    "de ce dossier renvoyée sans lui), puis défaire la fusion"
)


@dataclass(slots=True)
class Undoing:
    """A merge that is being undone.

    Shape   made: the version that the merge made of each resource. left: resources that somebody has to look at.
    """

    source: str
    target: str
    made: dict[Key, int]
    versions: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


async def unmerge(session: Session, request: OperationRequest) -> Reply:
    """Undo a merge: the record that gave way is what it was, and what the merge turned to the other one is its again.

    Shape   the record that is back, to who may read it. What was written on the record that stays since then stays
            with it: nobody but a person can tell. What changed since keeps its changes; where it named both records
            before, it is left and told (warning).
    Errors  NotFound (404) for a record out of reach; Unprocessable (422) when it does not replace the one named;
            Conflict (409) when the matricule of the one is the other's since the merge; Forbidden (403) for another
            caller than the master of identities, where there is one.
    """
    refuse_other_than_master(session)
    source = patient_key(session, request, "source-patient")
    target = ("Patient", request.resource_id or "")
    reason = reason_of(request)
    async with session.transaction() as inner:
        await inner.repository.hold([target], "u")
        if inner.reach is not None:
            await inner.repository.hold([target], "r")
        names = (f"Patient/{source[1]}", f"Patient/{target[1]}")
        undoing = Undoing(*names, await _made(inner, *names))
        record = await _records_apart(inner, undoing, source, target)
        for part in in_slices(inner, undoing.made.keys() - {source, target}):
            await _turn_back(inner, undoing, part)
        await tell(inner, UNMERGE, undoing.versions, reason)
        shown = inner.reach is None or await inner.repository.read(*source) is not None
        return answer([*_told(undoing)], record if shown else None)


async def _records_apart(session: Session, undoing: Undoing, source: Key, target: Key) -> Resource:
    """Make of both records what they were, and return the one that is back."""
    from usager_server.identity.matricule import matricule_of  # with the rooms of identities: not at start
    from usager_server.matching.absorbing import released, replacement_of, replaces, restored

    records = {(each.type, each.id): each for each in await held(session, [source, target])}
    if source not in records or replacement_of(tree_of(records[source])) != undoing.target:
        text = "Le dossier source n'a pas été fusionné avec celui-ci : il n'y a rien à défaire"
        raise Unprocessable(text, "Parameters.parameter.where(name = 'source-patient')", code="business-rule")
    if replacement_of(tree_of(records[target])):
        raise Unprocessable("Ce dossier est lui-même fusionné avec un autre : défaire d'abord cette fusion")
    around = await _around(session, undoing, [source, target])
    (before, then), (kept_before, kept_then) = around[source], around[target]
    # Anybody may store a Provenance: what it names is believed as far as the versions themselves show it.
    if replacement_of(before) or replacement_of(then) != undoing.target or not replaces(kept_then, undoing.source):
        raise Unprocessable("Cette fusion n'a pas été faite par $merge : rien ne dit ce qu'elle a changé")
    apart = released(kept_before, kept_then, tree_of(records[target]), undoing.source)
    back = restored(before, then, tree_of(records[source]))
    moved = matricule_of(back)
    if moved is not None and moved == matricule_of(apart) and moved != matricule_of(kept_before):
        raise Conflict(MOVED, "Patient.identifier", code="duplicate")
    undoing.versions += await write(session, [(records[target], apart)])
    undoing.versions += await write(session, [(records[source], back)])
    return back


async def _turn_back(session: Session, undoing: Undoing, keys: list[Key]) -> None:
    """Turn back those of these resources whose versions show that the merge turned them."""
    from usager_server.matching.repointing import is_turned, refers_to, repointed

    changes: list[tuple[Stored, Resource]] = []
    here = await held(session, keys)
    around = await _around(session, undoing, [(each.type, each.id) for each in here])
    for stored in here:
        before, then = around[stored.type, stored.id]
        if not is_turned(before, then, undoing.source, undoing.target):
            continue
        if stored.version == undoing.made[stored.type, stored.id]:
            changes.append((stored, before))
        elif refers_to(before, undoing.target):
            undoing.left.append(f"{stored.type}/{stored.id}")
        elif repointed(tree := tree_of(stored), undoing.target, undoing.source):
            changes.append((stored, tree))
    undoing.versions += await write(session, changes)


async def _around(session: Session, undoing: Undoing, keys: Sequence[Key]) -> dict[Key, tuple[Resource, Resource]]:
    """Return resources as they were before the merge, and as the merge made them; empty where there is no version."""
    versions = {key: undoing.made.get(key, 0) for key in keys}
    wanted = [(*key, number) for key, made in versions.items() for number in (made - 1, made)]
    found = {each: tree_of(stored) for each, stored in (await session.repository.whole.vread_many(wanted)).items()}
    return {key: (found.get((*key, made - 1), {}), found.get((*key, made), {})) for key, made in versions.items()}


async def _made(session: Session, source: str, target: str) -> dict[Key, int]:
    """Return the versions that the merge of two records made, late-comers included."""
    query = search_query(
        session,
        ("Provenance",),
        [("target", source), ("_sort", "-_lastUpdated"), ("_count", f"{MOST_MERGES}")],
        strict=True,
    )
    page = await session.repository.whole.search(query)
    made: dict[Key, int] = {}
    for provenance in (tree_of(match.stored) for match in page.entries):
        activity, targets = _activity(provenance), [str(each.get("reference")) for each in provenance["target"]]
        if activity == UNMERGE:
            break
        if activity == MERGE and any(each == target or each.startswith(f"{target}/") for each in targets):
            made |= {key: version for key, version in _versions(targets) if key not in made}
    return made


def _activity(provenance: Resource) -> str | None:
    codings: list[dict[str, Any]] = provenance.get("activity", {}).get("coding", [])
    return next((each.get("code") for each in codings if each.get("system") == ACTIVITY), None)


def _versions(targets: Iterable[str]) -> Iterable[tuple[Key, int]]:
    for found in map(VERSION.fullmatch, targets):
        if found is not None:
            yield (found[1], found[2]), int(found[3])


def _told(undoing: Undoing) -> Iterable[Issue]:
    count = len(undoing.versions) - 2
    yield Issue("information", "informational", f"Fusion défaite : {count} ressources rendues au dossier source")
    for name in undoing.left:
        yield Issue(
            "warning", "business-rule", f"{name} désignait les deux dossiers, et a changé depuis : à revoir", name
        )


unmerge_operation = Operation(
    operation_definition(
        "unmerge",
        "Undoes the merge of another record into this one: the other is active again with its identity, and what the "
        "merge turned to this one is turned back. What was written since stays here.",
        levels=["instance"],
        resource=["Patient"],
        affects_state=True,
        parameters=[
            parameter("source-patient", "Reference", "The record that this one replaces", least=1),
            parameter("reason", "string", "Why"),
            parameter(
                "outcome", "OperationOutcome", "What was done, and what somebody has to look at", use="out", least=1
            ),
            parameter("result", "Patient", "The record that is back, to who may read it", use="out"),
        ],
    ),
    unmerge,
    needs={"": "ru"},
)
