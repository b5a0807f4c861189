"""update: the next version of a resource, or its first one under the id that the client chose."""

from collections.abc import Sequence
from typing import Any

from usager_server.errors import Invalid, Issue, Unprocessable, VersionConflict
from usager_server.interactions import binary
from usager_server.interactions.checks import check_id, check_resource, check_same_id, check_type
from usager_server.interactions.conditions import held_match, parse_identity
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.subset import is_subsetted
from usager_server.interactions.writing import refuse_known, refuse_match, store_new, store_next, telling
from usager_server.repository import Stored


async def update(session: Session, request: Request) -> Reply:
    """Store the body as the next version.

    Shape   200, or 201 when the resource is new or was deleted. With If-Match, only over the version it names.
    Errors  Invalid (400) when the body's id is not the address's, VersionConflict (412) when If-Match does not name
            the current version, or If-None-Match does.
    Source  FHIR R4 http.html#update, #upsert, #concurrency.
    """
    check_id(request.type, request.id)
    if request.type == "Binary":
        return await binary.update(session, request)
    resource = await request.body.resource()
    told = await check_update(session, resource, request.type, request.id)
    if request.if_none_match is None:
        return telling(await store_next(session, request, resource, request.id), told)
    async with session.transaction() as inner:
        await refuse_known(inner, request)
        return telling(await store_next(inner, request, resource, request.id), told)


async def conditional_update(session: Session, request: Request) -> Reply:
    """Update the one resource that the search names, or create it.

    Errors  MultipleMatches (412); Invalid (400) when the body's id is not that of the match; VersionConflict (412) when
            If-Match names a version and nothing matches, or If-None-Match that of the match.
    Source  FHIR R4 http.html#cond-update.
    """
    identity = parse_identity(session, request.type, request.query)
    resource = await request.body.resource()
    told = await check_replacement(session, resource, request.type)
    async with session.transaction() as inner:
        found = await held_match(inner, identity)
        refuse_unmet(request, found)
        resource_id = replaced_id(resource, found.id if found else None)
        if resource_id is None:
            return telling(await store_new(inner, request, resource), told)
        return telling(await store_next(inner, request, resource, resource_id), told)


def refuse_unmet(request: Request, found: Stored | None) -> None:
    """Refuse a conditional update whose If-Match or If-None-Match does not hold for what its search found."""
    if found is not None:
        refuse_match(request, found)
    elif request.if_match is not None:
        raise VersionConflict("If-Match names a version, and nothing matches the condition")


def replaced_id(resource: dict[str, Any], found_id: str | None) -> str | None:
    """Return the id that a conditional update writes to: that of the match, else the body's own, else None."""
    own_id = resource.get("id")
    if found_id is not None and own_id not in (None, found_id):
        raise Invalid(
            f"The body's id is {own_id!r}, that of the resource which matches {found_id!r}",
            f"{resource['resourceType']}.id",
        )
    return found_id or own_id


async def check_update(
    session: Session, resource: dict[str, Any], resource_type: str, resource_id: str
) -> Sequence[Issue]:
    """Refuse a body that cannot become a version of this resource; return the warnings."""
    check_type(resource, resource_type)
    check_same_id(resource, resource_type, resource_id)
    return await check_replacement(session, resource, resource_type)


async def check_replacement(session: Session, resource: dict[str, Any], resource_type: str) -> Sequence[Issue]:
    """Refuse a body that is invalid, or only a part of a resource, whose rest would be lost; return the warnings."""
    told = await check_resource(session, resource, resource_type)
    if is_subsetted(resource):
        raise Unprocessable(
            "The body is tagged SUBSETTED: it is a part of the resource, and an update would lose the rest",
            f"{resource_type}.meta.tag",
            code="business-rule",
        )
    return told
