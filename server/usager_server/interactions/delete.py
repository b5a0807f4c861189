"""delete: a version that says the resource is no more; what it was stays in its history."""

from usager_server.errors import Issue, VersionConflict, operation_outcome
from usager_server.interactions.conditions import held_match, parse_identity
from usager_server.interactions.identities import refuse_other_than_master
from usager_server.interactions.request import Preference, Request
from usager_server.interactions.session import Reply, Session, now
from usager_server.interactions.writing import expected_version
from usager_server.repository import Stored


async def delete(session: Session, request: Request) -> Reply:
    """Delete a resource.

    Shape   204 with the ETag of the deletion; also when the resource was deleted before, or never was (no ETag then).
    Errors  VersionConflict (412) when If-Match names another version, or anything of what never was; Forbidden (403)
            for a Patient whose identity another software is master of.
    Source  FHIR R4 http.html#delete; RFC 9110 13.1.1.
    """
    refuse_other_than_master(session, request.type)
    expected = await expected_version(session, request.if_match, request.type, request.id)
    deleted = await session.repository.delete(request.type, request.id, last_updated=now(), expected_version=expected)
    _refuse_other_deletion(request, deleted, expected)
    return deleted_reply(deleted, request.prefer)


def _refuse_other_deletion(request: Request, deleted: Stored | None, expected: int | None) -> None:
    """Refuse when what was deleted is not what If-Match names; who asks again after a lost answer is answered again."""
    if request.if_match is not None and deleted is None:
        raise VersionConflict(f"If-Match is {request.if_match}, and there is no {request.type}/{request.id}")
    if deleted is not None and expected is not None and deleted.version not in (expected, expected + 1):
        raise VersionConflict(f"If-Match is {request.if_match}; version {deleted.version} is a deletion")


async def conditional_delete(session: Session, request: Request) -> Reply:
    """Delete the one resource that the search names; nothing when there is none.

    Errors  MultipleMatches (412): a condition deletes one resource or none.
    Source  FHIR R4 http.html#3.1.0.7.1 (conditionalDelete = single).
    """
    identity = parse_identity(session, request.type, request.query)
    async with session.transaction() as inner:
        found = await held_match(inner, identity)
        if found is None:
            return nothing_deleted(request)
        request.id = found.id
        return await delete(inner, request)


def nothing_deleted(request: Request) -> Reply:
    """Return the answer to a conditional deletion that finds nothing. Errors: VersionConflict (412) with If-Match."""
    if request.if_match is not None:
        raise VersionConflict("If-Match names a version, and nothing matches the condition")
    return deleted_reply(None, request.prefer)


def deleted_reply(deleted: Stored | None, prefer: Preference) -> Reply:
    """Return the answer to a deletion: nothing, or the OperationOutcome that Prefer asks for."""
    outcome = None
    if prefer.returns == "OperationOutcome":
        text = f"{deleted.type}/{deleted.id} is deleted" if deleted else "There was nothing to delete"
        outcome = operation_outcome([Issue("information", "informational", text)])
    return Reply(
        200 if outcome else 204,
        resource=outcome,
        version=deleted.version if deleted else None,
        last_modified=deleted.last_updated if deleted else None,
    )
