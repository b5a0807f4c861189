"""CodeSystem/$validate-code and ValueSet/$validate-code: whether a code is one of them, and what it is called."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from usager_server.errors import Invalid, NotFound, Unprocessable
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.interactions.terminology import resource_of, shelf_for
from usager_server.operations.coded import Coded, codings_of, day_of, text_given
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given, parameters, part
from usager_server.operations.value_sets import NAMED, value_set_of
from usager_server.terminology import Concept

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A concept, the display that goes with it, and where it was found."""

    concept: Concept
    display: str | None
    where: str


Find = Callable[[Coded], Found | str]
"""Looks for a code: what was found, or why it is none."""


async def validate_in_value_set(session: Session, request: OperationRequest) -> Reply:
    """Tell whether a code is a member of a value set.

    Shape   of a codeableConcept, one coding that is a member is enough.
    Errors  Invalid (400) without a code, without its system, or without a value set; NotFound (404) when the value set
            is not known here; Unprocessable (422) when it cannot be listed, or when the code is not in the part of it
            that is installed, so that nobody can tell.
    Source  FHIR R4 valueset-operation-validate-code.html.
    """
    coded = codings_of(request, version="systemVersion")
    if any(each.system is None for each in coded):
        raise Invalid("The system of the code is missing", "Parameters.parameter", code="required")
    listed = await value_set_of(session, request)
    name, expansion = str(listed.about.get("url", "the value set")), listed.expansion

    def find(each: Coded) -> Found | str:
        member = expansion.by_key.get((each.system or "", each.code))
        if member is not None:
            return Found(member.concept, member.display, name)
        if not expansion.is_whole:
            text = f"{each.system}#{each.code} is not in the part of {name} that is installed here: nobody can tell"
            raise Unprocessable(text, "Parameters.parameter", code="not-supported")
        return f"{each.system}#{each.code} is not in {name}"

    return _answer(coded, find, request)


async def validate_in_code_system(session: Session, request: OperationRequest) -> Reply:
    """Tell whether a code is one of a code system.

    Errors  Invalid (400) without a code or a code system; NotFound (404) when the code system is not known here;
            Unprocessable (422) when a part of it only is installed and the code is not in it.
    Source  FHIR R4 codesystem-operation-validate-code.html.
    """
    resource = await _code_system(session, request)
    coded = codings_of(request, system="url")
    url = (resource or {}).get("url") or text_given(request, "url") or coded[0].system
    if url is None:
        raise Invalid(
            "The code system is missing: url, codeSystem, or the system of the coding", "url", code="required"
        )
    shelf = await shelf_for(session, [("CodeSystem", url)], [resource] if resource else [])
    system = await asyncio.to_thread(shelf.code_system, url, coded[0].version)
    if system is None:
        raise NotFound(f"The code system {url[:200]!r} is not known here", "url")

    def find(each: Coded) -> Found | str:
        if each.system not in (None, url):
            return f"{each.code} is of {each.system}, not of {url}"
        concept = system.find(each.code)
        if concept is not None:
            return Found(concept, concept.display, url)
        if not system.is_whole:
            text = f"{each.code} is not in the part of {url} that is installed here: nobody can tell"
            raise Unprocessable(text, "Parameters.parameter", code="not-supported")
        return f"{each.code} is not a code of {url}"

    return _answer(coded, find, request)


def _answer(coded: Sequence[Coded], find: Find, request: OperationRequest) -> Reply:
    """Return the verdict on the first code that is right, else on the last one."""
    reply: Resource = {}
    for each in coded:
        found = find(each)
        if isinstance(found, str):
            reply = _verdict(False, found)
            continue
        refusal = _refusal(found, each, day_of(request), may_be_abstract=given(request, "abstract") is True)
        reply = _verdict(refusal is None, refusal, found.display or found.concept.display)
        if refusal is None:
            break
    return Reply(resource=reply)


def _refusal(found: Found, coded: Coded, day: date | None, *, may_be_abstract: bool) -> str | None:
    if day is not None and not found.concept.is_valid_on(day):
        return f"{coded.code} was not in use on {day}"
    if found.concept.is_abstract and not may_be_abstract:
        return f"{coded.code} only groups others: it is not to be used itself"
    if coded.display is None or coded.display == found.display or found.concept.is_named(coded.display):
        return None
    if found.concept.is_named_by_us:
        return None
    return f"{coded.code} is called {found.display!r} in {found.where}, not {coded.display[:200]!r}"


def _verdict(result: bool, message: str | None, display: str | None = None) -> Resource:
    parts = [part("result", valueBoolean=result)]
    if message is not None:
        parts.append(part("message", valueString=message))
    if display is not None:
        parts.append(part("display", valueString=display))
    return parameters(*parts)


async def _code_system(session: Session, request: OperationRequest) -> Resource | None:
    """Return the CodeSystem of the address, or the one in the request; None when it is to be found by its url."""
    if request.resource_id is not None:
        return await resource_of(session, "CodeSystem", request.resource_id)
    resource = given(request, "codeSystem")
    if resource is not None and (not isinstance(resource, Mapping) or resource.get("resourceType") != "CodeSystem"):
        raise Invalid(
            "codeSystem must be a CodeSystem", "Parameters.parameter.where(name = 'codeSystem')", code="value"
        )
    return resource


CODED = (
    parameter("code", "code", "The code; with its system"),
    parameter("display", "string", "A display to check as well"),
    parameter("coding", "Coding", "The code, instead of code"),
    parameter("codeableConcept", "CodeableConcept", "Several codes for one thing: one that is right is enough"),
    parameter("date", "dateTime", "The day that is asked about"),
    parameter("abstract", "boolean", "Whether a code that only groups others is right"),
)
VERDICT = (
    parameter("result", "boolean", "Whether it is right", use="out", least=1),
    parameter("message", "string", "Why not", use="out"),
    parameter("display", "string", "The display of the code", use="out"),
)

value_set_validate_code = Operation(
    operation_definition(
        "validate-code",
        "Tells whether a code is a member of a value set.",
        levels=["type", "instance"],
        resource=["ValueSet"],
        parameters=[
            *NAMED,
            parameter("system", "uri", "The code system of code"),
            parameter("systemVersion", "string", "A version of the code system"),
            *CODED,
            *VERDICT,
        ],
    ),
    validate_in_value_set,
    needs={},
)
code_system_validate_code = Operation(
    operation_definition(
        "validate-code",
        "Tells whether a code is one of a code system.",
        levels=["type", "instance"],
        resource=["CodeSystem"],
        parameters=[
            parameter("url", "uri", "The canonical of the code system"),
            parameter("codeSystem", "CodeSystem", "The code system itself, instead of url"),
            parameter("version", "string", "A version of the code system"),
            *CODED,
            *VERDICT,
        ],
    ),
    validate_in_code_system,
    needs={},
)
