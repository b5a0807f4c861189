"""ValueSet/$expand: the members of a value set, all or those that someone who types is looking for."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from usager_server.errors import Invalid, Unprocessable
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, instant_text, now
from usager_server.operations.coded import day_of, text_given, values_given
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given
from usager_server.operations.value_sets import NAMED, value_set_of
from usager_server.terminology import Designation, Expansion, Member

MOST_AT_ONCE = 10_000
"""Members of an answer. A larger value set is read by pages, or by typing."""

ECHOED = ("filter", "date", "offset", "count", "activeOnly", "displayLanguage", "includeDesignations")
ALLOWED = ("valueString", "valueBoolean", "valueInteger", "valueUri", "valueCode", "valueDateTime")

Tree = dict[str, Any]


async def expand_value_set(session: Session, request: OperationRequest) -> Reply:
    """Return a value set with its members.

    Order   with a filter, the best first (`terminology/words.py`); else as the value set defines them.
    Errors  Invalid (400); NotFound (404) when the value set is not known here; Unprocessable (422) when it cannot be
            listed, or when over MOST_AT_ONCE members are asked for (too-costly).
    Source  FHIR R4 valueset-operation-expand.html.
    """
    listed = await value_set_of(session, request)
    day = day_of(request)
    members = await asyncio.to_thread(_wanted, listed.expansion, request, day)
    offset, count = _number(request, "offset") or 0, _number(request, "count")
    if count is None and len(members) - offset > MOST_AT_ONCE:
        text = f"The value set has {len(members)} members; ask for pages with count and offset, or give a filter"
        raise Unprocessable(text, "Parameters.parameter.where(name = 'count')", code="too-costly")
    page = members[offset : offset + min(MOST_AT_ONCE if count is None else count, MOST_AT_ONCE)]
    expansion = {
        "identifier": f"urn:uuid:{uuid4()}",
        "timestamp": instant_text(now()),
        "total": len(members),
        "offset": offset,
        "parameter": [*_echo(request), *_incomplete(listed.expansion)],
        "contains": [_contained(member.on(day) or member if day else member, request) for member in page],
    }
    about = {"resourceType": "ValueSet", "status": "active", **listed.about}
    kept = {name: value for name, value in expansion.items() if value != []}
    return Reply(resource={**about, "expansion": kept})


def _wanted(expansion: Expansion, request: OperationRequest, day: date | None) -> Sequence[Member]:
    """Return the members that were asked for. Time: the first search in a large value set makes its index, a second."""
    members = expansion.find(text_given(request, "filter") or "", day)
    if given(request, "activeOnly") is True:
        members = [each for each in members if not each.concept.is_inactive]
    if without := {each.partition("|")[0] for each in values_given(request, "exclude-system")}:
        members = [each for each in members if each.system not in without]
    return members


def _number(request: OperationRequest, name: str) -> int | None:
    value = given(request, name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        place = f"Parameters.parameter.where(name = '{name}')"
        raise Invalid(f"{name} is a whole number, 0 or more, not {value!r}"[:200], place, code="value")
    return value


def _echo(request: OperationRequest) -> Sequence[Tree]:
    """Return the parameters that made this expansion, as they were given."""
    found = []
    for each in request.parameters.get("parameter", ()):
        if each.get("name") in ECHOED:
            found += [{"name": each["name"], _echoed(key): value} for key, value in each.items() if key[:5] == "value"]
    return found


def _echoed(key: str) -> str:
    """Return the type that ValueSet.expansion.parameter allows for a value."""
    return (
        key
        if key in ("valueString", "valueBoolean", "valueInteger", "valueUri", "valueCode", "valueDateTime")
        else "valueString"
    )


def _incomplete(expansion: Expansion) -> Sequence[Tree]:
    """Say that members may be missing: a part only of a code system, or of the value set, is installed."""
    fragments = [{"name": "fragment", "valueUri": url} for url in expansion.fragments]
    return fragments or ([] if expansion.is_whole else [{"name": "partial", "valueBoolean": True}])


def _contained(member: Member, request: OperationRequest) -> Tree:
    concept = member.concept
    display = concept.name_in(text_given(request, "displayLanguage")) or member.display
    found: Tree = {"system": member.system}
    if concept.is_abstract:
        found["abstract"] = True
    if concept.is_inactive:
        found["inactive"] = True
    if member.version:
        found["version"] = member.version
    found["code"] = concept.code
    if display:
        found["display"] = display
    if given(request, "includeDesignations") is True and concept.designations:
        found["designation"] = [_designation(each) for each in concept.designations]
    return found


def _designation(designation: Designation) -> Mapping[str, Any]:
    named = {"language": designation.language} if designation.language else {}
    used = {"use": designation.use} if designation.use else {}
    return {**named, **used, "value": designation.value}


expand = Operation(
    operation_definition(
        "expand",
        "Lists the members of a value set; with filter, those that someone who types it looks for: by the beginnings "
        "of words, without accents, case or hyphens, the best first.",
        levels=["type", "instance"],
        resource=["ValueSet"],
        parameters=[
            *NAMED,
            parameter("filter", "string", "What someone typed"),
            parameter("date", "dateTime", "Only the codes in use that day"),
            parameter("offset", "integer", "Where the page starts, from 0"),
            parameter("count", "integer", f"How many members; 0 for the total only, at most {MOST_AT_ONCE}"),
            parameter("includeDesignations", "boolean", "Give the other names as well"),
            parameter("activeOnly", "boolean", "Leave out codes that are no longer to be used"),
            parameter("displayLanguage", "code", "The language of the displays"),
            parameter("exclude-system", "canonical", "A code system to leave out", most="*"),
            parameter("return", "ValueSet", "The value set with its expansion", use="out", least=1),
        ],
    ),
    expand_value_set,
    needs={},
)
