"""patch: a change described rather than sent whole, as a JSON Patch, a FHIRPath Patch or a JSON Merge Patch."""

from collections.abc import Callable
from typing import Any

from usager_server.errors import Gone, Invalid, NotFound, UnsupportedMediaType, VersionConflict
from usager_server.interactions.binary import refuse_other_type
from usager_server.interactions.checks import check_resource
from usager_server.interactions.conditions import held_match, parse_identity
from usager_server.interactions.fhirpath_patch import apply_fhirpath_patch
from usager_server.interactions.json_patch import apply_json_patch
from usager_server.interactions.merge_patch import apply_merge_patch
from usager_server.interactions.request import Body, Request
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.writing import prepared, refuse_other_version, written_reply
from usager_server.jsontext import parse_json
from usager_server.repository import Stored

JSON_PATCH = "application/json-patch+json"
MERGE_PATCHES = ("application/merge-patch+json", "application/json")
XML_PATCH = "application/xml-patch+xml"

Patch = Callable[[dict[str, Any]], Any]
"""What makes of a tree, which it may change, the patched one."""


async def patch(session: Session, request: Request) -> Reply:
    """Change the current version of a resource.

    Errors  NotFound (404), Gone (410), Invalid (400) for a patch that is malformed or leaves an invalid resource,
            Unprocessable (422) for one that does not apply, VersionConflict (412), UnsupportedMediaType (415).
    Source  FHIR R4 http.html#patch, fhirpatch.html; RFC 6902.
    """
    changes = await read_patch(session, request.body)
    return await apply_patch(session, request, changes)


async def conditional_patch(session: Session, request: Request) -> Reply:
    """Change the one resource that the search names. Errors: NotFound (404) for none, MultipleMatches (412)."""
    identity = parse_identity(session, request.type, request.query)
    changes = await read_patch(session, request.body)
    async with session.transaction() as inner:
        found = await held_match(inner, identity)
        if found is None:
            raise NotFound(f"Nothing matches {identity.text}")
        request.id = found.id
        return await apply_patch(inner, request, changes)


async def read_patch(session: Session, body: Body) -> Patch:
    """Return the patch of a body, by its content type."""
    media_type = body.content_type.partition(";")[0].strip().lower()
    if media_type == JSON_PATCH:
        operations = await body.tree()
        return lambda tree: apply_json_patch(tree, operations)
    if media_type in MERGE_PATCHES:
        changes = await body.tree()
        # fhirpy sends the members to change as plain JSON; a FHIRPath Patch may come as plain JSON too.
        if not isinstance(changes, dict) or changes.get("resourceType") != "Parameters":
            return lambda tree: apply_merge_patch(tree, changes)
    if media_type == XML_PATCH:
        raise UnsupportedMediaType(f"XML Patch is not supported; {JSON_PATCH} and FHIRPath Patch (Parameters) are")
    resource = await body.resource()
    if resource.get("resourceType") != "Parameters":
        raise Invalid("A FHIRPath Patch is a Parameters resource", "resourceType")
    return lambda tree: apply_fhirpath_patch(session.house.definitions, tree, resource)


async def apply_patch(session: Session, request: Request, changes: Patch) -> Reply:
    """Apply a patch to the current version; when somebody else wrote meanwhile, again, and nobody may then."""
    try:
        return await _store_patched(session, request, await _current(session, request), changes)
    except VersionConflict:
        if request.if_match is not None:
            raise
    async with session.transaction() as inner:
        await inner.repository.lock([(request.type, request.id)])
        return await _store_patched(inner, request, await _current(inner, request), changes)


async def _current(session: Session, request: Request) -> Stored:
    current = await session.repository.read(request.type, request.id)
    if current is None:
        raise NotFound(f"There is no {request.type}/{request.id}")
    if current.document is None:
        raise Gone(f"{request.type}/{request.id} was deleted in version {current.version}")
    refuse_other_version(request.if_match, current)
    return current


async def _store_patched(session: Session, request: Request, current: Stored, changes: Patch) -> Reply:
    resource = patched((current.document or "").encode(), changes)
    check_unmoved(resource, current)
    warnings = await check_resource(session, resource, request.type)
    if current.content is not None and "data" not in resource:
        await refuse_other_type(session, resource, current.content)
    draft, told = await prepared(session, resource, current.id, "PATCH", current.content, current)
    written = await session.repository.update(draft, expected_version=current.version, may_create=False)
    return written_reply(written.stored, 200, request.prefer, [*told, *warnings])


def patched(document: bytes, changes: Patch) -> dict[str, Any]:
    """Return the resource after the patch."""
    result = changes(parse_json(document))
    if not isinstance(result, dict):
        raise Invalid("The patch leaves something that is not a resource", "resourceType")
    return result


def check_unmoved(resource: dict[str, Any], current: Stored) -> None:
    """Refuse a patch that makes another resource of this one."""
    if resource.get("id") != current.id:
        raise Invalid("A patch cannot change the id of a resource", f"{current.type}.id", code="value")
    if resource.get("resourceType") != current.type:
        raise Invalid("A patch cannot change the type of a resource", "resourceType", code="value")
    meta = resource.get("meta")
    if not isinstance(meta, dict) or meta.get("versionId") != str(current.version):
        raise Invalid("A patch cannot change the versionId", f"{current.type}.meta.versionId", code="value")
