"""$meta, $meta-add, $meta-delete: the profiles, tags and security labels of one resource, without the rest of it."""

from collections.abc import Callable, Mapping
from typing import Any

from usager_server.errors import Gone, Invalid, NotFound, Unprocessable
from usager_server.interactions.checks import check_resource
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.interactions.writing import new_draft
from usager_server.jsontext import parse_json
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import parameters, part, required
from usager_server.repository import Stored
from usager_server.traces.origins import origin_of

LABELS = ("profile", "security", "tag")

Meta = dict[str, Any]
Merge = Callable[[Meta, Meta], Meta]


async def read_meta(session: Session, request: OperationRequest) -> Reply:
    """Return the meta of a resource.

    Errors  NotFound (404), Gone (410).
    Source  FHIR R4 resource-operation-meta.html.
    """
    resource, stored = await _current(session, request)
    return Reply(resource=_answer(resource), version=stored.version, last_modified=stored.last_updated)


async def add_meta(session: Session, request: OperationRequest) -> Reply:
    """Add profiles, tags and labels; those already there stay once. The change is a new version."""
    return await _change(session, request, added)


async def delete_meta(session: Session, request: OperationRequest) -> Reply:
    """Take profiles, tags and labels away; those that are not there are no error."""
    return await _change(session, request, removed)


def added(meta: Meta, change: Meta) -> Meta:
    """Return the meta with what the change names besides."""
    merged = dict(meta)
    for name in LABELS:
        here = meta.get(name, [])
        known = {_identity(label) for label in here}
        if new := [label for label in change.get(name, []) if _identity(label) not in known]:
            merged[name] = [*here, *new]
    return merged


def removed(meta: Meta, change: Meta) -> Meta:
    """Return the meta without what the change names; a list left empty goes with it."""
    unwanted = {(name, _identity(label)) for name in LABELS for label in change.get(name, [])}
    kept = {
        name: [label for label in meta.get(name, []) if (name, _identity(label)) not in unwanted] for name in LABELS
    }
    return {name: value for name, value in {**meta, **kept}.items() if value != []}


def _identity(label: Any) -> tuple[Any, ...]:
    """Return what makes two labels the same: a profile's canonical, a coding's system and code."""
    return (label.get("system"), label.get("code")) if isinstance(label, Mapping) else (label,)


async def _change(session: Session, request: OperationRequest, merge: Merge) -> Reply:
    change = required(request, "meta")
    if not isinstance(change, dict):
        raise Invalid("meta must be a Meta (valueMeta)", "Parameters.parameter.where(name = 'meta')", code="value")
    async with session.transaction() as inner:
        await inner.repository.lock([(request.resource_type or "", request.resource_id or "")])
        resource, current = await _current(inner, request)
        changed = {**resource, "meta": merge(resource.get("meta", {}), change)}
        if origin_of(resource) not in (None, origin_of(changed)):
            text = "From where a document came is kept as long as it is here: leave this tag as it is"
            raise Unprocessable(text, "meta.tag", code="business-rule")
        if changed == resource:
            return Reply(resource=_answer(resource), version=current.version, last_modified=current.last_updated)
        await check_resource(inner, changed, changed["resourceType"])
        written = await inner.repository.update(
            new_draft(inner, changed, changed["id"], "PUT", current.content),
            expected_version=current.version,
            may_create=False,
        )
    stored = written.stored
    return Reply(resource=_answer(changed), version=stored.version, last_modified=stored.last_updated)


async def _current(session: Session, request: OperationRequest) -> tuple[dict[str, Any], Stored]:
    name = f"{request.resource_type}/{request.resource_id}"
    stored = await session.repository.read(request.resource_type or "", request.resource_id or "")
    if stored is None:
        raise NotFound(f"{name} is unknown")
    if stored.document is None:
        raise Gone(f"{name} was deleted")
    if session.act is not None:
        session.act.meet(stored.document)
    return parse_json(stored.document.encode()), stored


def _answer(resource: Mapping[str, Any]) -> dict[str, Any]:
    labels = {name: value for name, value in resource.get("meta", {}).items() if name in LABELS}
    return parameters(part("return", valueMeta=labels or {"extension": [NOTHING]}))


NOTHING = {
    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    "valueCode": "not-applicable",
}
"""What a Meta holds when there is no label: an empty object is not FHIR."""


def _operation(code: str, description: str, handler: Any, *, writes: bool) -> Operation:
    given = [parameter("meta", "Meta", "The profiles, tags and security labels concerned", least=1)] if writes else []
    return Operation(
        operation_definition(
            code,
            description,
            levels=["instance"],
            resource=["Resource"],
            affects_state=writes,
            parameters=[*given, parameter("return", "Meta", "What the resource bears now", use="out", least=1)],
        ),
        handler,
        needs={"": "ru" if writes else "r"},
    )


meta = _operation("meta", "Reads the profiles, tags and security labels of a resource.", read_meta, writes=False)
meta_add = _operation("meta-add", "Adds profiles, tags and security labels to a resource.", add_meta, writes=True)
meta_delete = _operation(
    "meta-delete", "Takes profiles, tags and security labels away from a resource.", delete_meta, writes=True
)
