"""What $merge and $unmerge have in common: references turned in slices, versions written, and the Provenance of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from usager_server.errors import Issue, operation_outcome
from usager_server.interactions.session import Reply, Session, instant_text, now
from usager_server.interactions.writing import new_draft, new_id
from usager_server.jsontext import parse_json
from usager_server.operations.parameters import parameters, part
from usager_server.repository import Change, Stored
from usager_server.traces.audit_event import who

Resource = dict[str, Any]
Key = tuple[str, str]

ACTIVITY = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
MERGE, UNMERGE = "merge", "unmerge"
SLICE = 50
"""Resources that are read, turned and written at once; between two slices, other requests get their turn."""


def tree_of(stored: Stored) -> Resource:
    """Return the tree of a version that is no deletion."""
    tree: Resource = parse_json((stored.document or "{}").encode())
    return tree


async def write(session: Session, changes: Sequence[tuple[Stored, Resource]]) -> list[str]:
    """Write the next version of each of these, held already, and return what names the versions.

    Shape   in the whole store: a merge is of the record, not of the part of it that one caller may write.
    """
    drafts = [
        Change(new_draft(session, tree, stored.id, "PUT", stored.content), stored.version) for stored, tree in changes
    ]
    written = await session.repository.whole.write(drafts)
    return [f"{each.stored.type}/{each.stored.id}/_history/{each.stored.version}" for each in written]


async def held(session: Session, keys: Sequence[Key]) -> list[Stored]:
    """Return those of these that are there, which nobody else writes until the transaction ends."""
    whole = session.repository.whole
    await whole.lock(keys)
    found = await whole.read_many(keys)
    return [found[key] for key in keys if key in found and found[key].document is not None]


def in_slices(session: Session, keys: Iterable[Key]) -> list[list[Key]]:
    """Return resources in slices, in the one order in which all who write many take them: no two writers cross."""
    numbers = session.house.definitions.type_numbers
    ordered = sorted(set(keys), key=lambda key: (numbers[key[0]], key[1]))
    return [ordered[start : start + SLICE] for start in range(0, len(ordered), SLICE)]


async def tell(session: Session, activity: str, versions: Sequence[str], reason: str | None) -> None:
    """Store the Provenance of a merge or of its undoing: who, when, why, and every version that it made."""
    author: Resource = {"who": who(session.caller.grant.practitioner or session.caller.subject)}
    provenance: Resource = {
        "resourceType": "Provenance",
        "target": [{"reference": version} for version in versions],
        "recorded": instant_text(now()),
        "activity": {"coding": [{"system": ACTIVITY, "code": activity}]},
        "agent": [author],
    }
    if reason:
        provenance["reason"] = [{"text": reason}]
    await session.repository.whole.create([new_draft(session, provenance, new_id(), "POST")])


def answer(issues: Sequence[Issue], result: Mapping[str, Any] | None) -> Reply:
    """Return the outcome, and the record that is there for the person from now on, None where it may not be shown."""
    shown = [] if result is None else [part("result", resource=result)]
    return Reply(resource=parameters(part("outcome", resource=operation_outcome(issues)), *shown))
