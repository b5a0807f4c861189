"""The value set that an operation is about: of its address, in its parameters, or named by a canonical."""

import asyncio
from collections.abc import Mapping
from typing import Any

from usager_server.errors import Invalid, Unprocessable
from usager_server.interactions.checks import check_resource
from usager_server.interactions.session import OperationRequest, Session
from usager_server.interactions.terminology import resource_of, shelf_for
from usager_server.operations.coded import text_given
from usager_server.operations.definition import parameter
from usager_server.operations.parameters import given
from usager_server.terminology.published import Listed

Resource = Mapping[str, Any]

NAMED = (
    parameter("url", "uri", "The canonical of the value set"),
    parameter("valueSet", "ValueSet", "The value set itself, instead of url"),
    parameter("valueSetVersion", "string", "A version of the value set"),
)
"""How an operation at the type level says which value set it is about."""


async def value_set_of(session: Session, request: OperationRequest) -> Listed:
    """Return the value set with its members.

    Errors  Invalid (400) when none is named, or the one given is no ValueSet of R4; NotFound (404); Unprocessable (422)
            when it cannot be listed.
    """
    if given(request, "context") is not None:
        place = "Parameters.parameter.where(name = 'context')"
        raise Unprocessable("context is not read here: name the value set with url", place, code="not-supported")
    resource = await _resource(session, request)
    if resource is not None:
        return (await shelf_for(session, [], [resource])).listed(resource)
    url, version = text_given(request, "url"), text_given(request, "valueSetVersion")
    if url is None:
        text = "The value set is missing: url, or valueSet"
        raise Invalid(text, "Parameters.parameter.where(name = 'url')", code="required")
    canonical = f"{url}|{version}" if version and "|" not in url else url
    shelf = await shelf_for(session, [("ValueSet", canonical)])
    return await asyncio.to_thread(shelf.value_set, canonical)  # a large one takes a second, the first time


async def _resource(session: Session, request: OperationRequest) -> Resource | None:
    if request.resource_id is not None:
        return await resource_of(session, "ValueSet", request.resource_id)
    resource = given(request, "valueSet") or given(request, "resource")
    if resource is None:
        return None
    if not isinstance(resource, dict):
        raise Invalid("valueSet must be a ValueSet", "Parameters.parameter.where(name = 'valueSet')", code="value")
    await check_resource(session, resource, "ValueSet")
    return resource
