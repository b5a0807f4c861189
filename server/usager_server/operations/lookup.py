"""CodeSystem/$lookup: what a code means, its other names and its properties, today or on a day."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from usager_server.errors import Invalid, NotFound
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.interactions.terminology import shelf_for
from usager_server.operations.coded import Coded, codings_of, day_of, text_given, values_given
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import parameters, part
from usager_server.terminology import CodeSystem, Concept, Designation

Part = Mapping[str, Any]


async def look_up(session: Session, request: OperationRequest) -> Reply:
    """Return what is known of a code.

    Errors  Invalid (400) without code or system; NotFound (404) when the code system or the code is not known here, or
            the code was not in use on the day asked for.
    Source  FHIR R4 codesystem-operation-lookup.html.
    """
    coded = codings_of(request)[0]
    system = await _system(session, coded)
    concept = _concept(system, coded, request)
    language = text_given(request, "displayLanguage")
    wanted = values_given(request, "property")
    head = [part("name", valueString=system.name)]
    if system.version:
        head.append(part("version", valueString=system.version))
    head.append(part("display", valueString=concept.name_in(language) or concept.display or concept.code))
    designations = [_designation(each) for each in concept.designations] if _asked("designation", wanted) else []
    return Reply(resource=parameters(*head, *designations, *_properties(system, concept, wanted)))


async def _system(session: Session, coded: Coded) -> CodeSystem:
    if coded.system is None:
        raise Invalid("The system of the code is missing", "Parameters.parameter", code="required")
    shelf = await shelf_for(session, [("CodeSystem", coded.system)])
    found = await asyncio.to_thread(shelf.code_system, coded.system, coded.version)
    if found is None:
        version = f" version {coded.version}" if coded.version else ""
        raise NotFound(f"The code system {coded.system[:200]!r}{version} is not known here", "system")
    return found


def _concept(system: CodeSystem, coded: Coded, request: OperationRequest) -> Concept:
    day = day_of(request)
    found = system.find(coded.code, day)
    if found is not None:
        return found
    known = system.find(coded.code)
    if known is not None:
        bounds = f"from {known.start or 'always'} to {known.end or 'now'}, the last day excluded"
        raise NotFound(f"{coded.code[:100]!r} was not in use on {day}: {bounds}", "code")
    part_only = "" if system.is_whole else "; a part of it only is installed"
    raise NotFound(f"{coded.code[:100]!r} is not a code of {system.url} known here{part_only}", "code")


def _designation(designation: Designation) -> Part:
    named = [part("language", valueCode=designation.language)] if designation.language else []
    used = [part("use", valueCoding=designation.use)] if designation.use else []
    return part("designation", part=[*named, *used, part("value", valueString=designation.value)])


def _properties(system: CodeSystem, concept: Concept, wanted: list[str] | Any) -> Iterator[Part]:
    for code, name, value in _known(system, concept):
        if _asked(code, wanted):
            yield part("property", part=[part("code", valueCode=code), part("value", **{name: value})])


def _known(system: CodeSystem, concept: Concept) -> Iterator[tuple[str, str, Any]]:
    if concept.definition:
        yield "definition", "valueString", concept.definition
    for parent in concept.parents:
        yield "parent", "valueCode", parent
    for child in system.children.get(concept.code, ()):
        yield "child", "valueCode", child
    yield "inactive", "valueBoolean", concept.is_inactive
    for code, name, value in concept.properties:
        if code not in ("parent", "child", "inactive"):
            yield code, name, value


def _asked(name: str, wanted: Any) -> bool:
    return not wanted or name in wanted


lookup = Operation(
    operation_definition(
        "lookup",
        "Tells what a code means: its display, its other names, its properties; on a day when one is asked for.",
        levels=["type"],
        resource=["CodeSystem"],
        parameters=[
            parameter("code", "code", "The code; with system"),
            parameter("system", "uri", "The code system"),
            parameter("version", "string", "A version of the code system"),
            parameter("coding", "Coding", "The code, instead of code and system"),
            parameter("date", "dateTime", "The day that is asked about: a code which was not in use then is not found"),
            parameter("displayLanguage", "code", "The language of the display"),
            parameter("property", "code", "The properties wanted; without it all of them", most="*"),
            parameter("name", "string", "The name of the code system", use="out", least=1),
            parameter("version", "string", "Its version", use="out"),
            parameter("display", "string", "The display", use="out", least=1),
            parameter("designation", "BackboneElement", "Other names", use="out", most="*"),
            parameter("property", "BackboneElement", "Properties", use="out", most="*"),
        ],
    ),
    look_up,
    needs={},
)
