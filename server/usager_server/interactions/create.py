"""create: a new resource under an id that the server makes, unless one like it is there already."""

from typing import Any

from usager_server.interactions import binary
from usager_server.interactions.checks import check_resource
from usager_server.interactions.conditions import create_condition, held_match
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.writing import store_new, telling, written_reply


async def create(session: Session, request: Request) -> Reply:
    """Store a new resource; an id in the body is left aside.

    Shape   201 with Location; 200 with the existing resource when If-None-Exist matches it.
    Errors  Invalid (400), Unprocessable (422), MultipleMatches (412) when If-None-Exist matches several.
    Source  FHIR R4 http.html#create, #ccreate.
    """
    if request.type == "Binary":
        return await binary.create(session, request)
    resource = await request.body.resource()
    told = await check_resource(session, resource, request.type)
    identity = create_condition(session, request)
    if identity is None:
        return telling(await _created(session, request, resource), told)
    async with session.transaction() as inner:
        found = await held_match(inner, identity)
        if found is None:
            return telling(await _created(inner, request, resource), told)
    return written_reply(found, 200, request.prefer)


async def _created(session: Session, request: Request, resource: dict[str, Any]) -> Reply:
    """Store a new resource; of a person, tell those like them whom the store knows already."""
    if request.type != "Patient":
        return await store_new(session, request, resource)
    from usager_server.interactions.namesakes import namesakes, told  # with the rooms that compare: not at start

    found = await namesakes(session, resource)
    return told(await store_new(session, request, resource), found)
