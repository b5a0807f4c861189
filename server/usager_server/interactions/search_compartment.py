"""Search in a compartment: what belongs to one patient, encounter, practitioner, related person or device."""

from usager_server.errors import NotFound
from usager_server.interactions.request import Request
from usager_server.interactions.searching import search_reply
from usager_server.interactions.session import Reply, Session


async def search_compartment(session: Session, request: Request) -> Reply:
    """Return one page of the resources of a type, or of all (`*`), that belong to the compartment.

    Errors  NotFound (404) when the type defines no compartment, or has none of the resources asked for.
    Source  FHIR R4 compartmentdefinition.html.
    """
    compartments = session.house.definitions.compartments
    members = compartments.get(request.type)
    if members is None:
        raise NotFound(f"{request.type} is no compartment; those are {', '.join(sorted(compartments))}")
    if request.member != "*" and not members.get(request.member):
        raise NotFound(f"No {request.member} belongs to the compartment of a {request.type}")
    types = () if request.member == "*" else (request.member,)
    return await search_reply(session, request, types, (request.type, request.id))
