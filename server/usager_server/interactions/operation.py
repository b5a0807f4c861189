"""operation: a $name called at the level of the system, a type or an instance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from usager_server.errors import Invalid, Issue, MethodNotAllowed, NotFound, UnsupportedMediaType
from usager_server.interactions.checks import REFUSING, judged
from usager_server.interactions.gate import refuse_operation
from usager_server.interactions.request import Request
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session

FORMAT_PARAMETERS = frozenset({"_format", "_pretty"})
ANY_TYPE = ("Resource", "DomainResource")


async def operation(session: Session, request: Request) -> Reply:
    """Call an operation with the parameters of its body, and those of its address.

    Errors  NotFound (404) when there is no such operation at this level, UnsupportedMediaType (415), Invalid (400) on a
            parameter that it has not under Prefer: handling=strict; otherwise the answer tells of it.
    Source  FHIR R4 operations.html.
    """
    found = find_operation(session, request)
    return await _called(session, found, request, await _posted(session, found, request))


async def operation_by_get(session: Session, request: Request) -> Reply:
    """Call an operation with the parameters of its address. Errors: MethodNotAllowed (405) when it changes anything."""
    found = find_operation(session, request)
    if found.definition.get("affectsState", False):
        raise MethodNotAllowed(f"${found.code} changes the state of the server: use POST", headers={"Allow": "POST"})
    asked = replace(_asked(request), parameters=_parameters(_from_query(found, request)), by_get=True)
    return await _called(session, found, request, asked)


def _asked(request: Request) -> OperationRequest:
    """Return where an operation is called and how it may answer, before anything else is known."""
    where = (request.type or None, request.id or None)
    return OperationRequest(*where, prefers_raw=request.prefers_raw, names=request.names)


async def _called(session: Session, found: Operation, request: Request, given: OperationRequest) -> Reply:
    refuse_operation(session, found, request.type)
    issues = [
        Issue(
            "error" if request.prefer.strict else "warning",
            "not-supported",
            f"{name[:80]!r} is not a parameter of ${found.code}; it has {', '.join(_names(found)) or 'none'}",
            f"Parameters.parameter[{place}]",
        )
        for place, part in enumerate(given.parameters["parameter"])
        if (name := str(part.get("name"))) not in _names(found)
    ]
    if issues and request.prefer.strict:
        raise Invalid(issues=issues)
    return _told(await found.handler(session, given), issues)


def _names(found: Operation) -> Sequence[str]:
    return [str(each["name"]) for each in found.definition.get("parameter", ()) if each.get("use") == "in"]


def _told(reply: Reply, issues: Sequence[Issue]) -> Reply:
    """Return the answer with what was left aside: in its OperationOutcome, or else in a header of its own."""
    if not issues:
        return reply
    if reply.resource is not None and reply.resource.get("resourceType") == "OperationOutcome":
        return replace(
            reply, resource={**reply.resource, "issue": [*reply.resource["issue"], *map(Issue.as_fhir, issues)]}
        )
    told = ", ".join(filter(None, (reply.headers.get("Warning"), warning(issues))))
    return replace(reply, headers={**reply.headers, "Warning": told})


def warning(issues: Sequence[Issue]) -> str:
    """Return the Warning header that tells remarks, up to 1,000 characters.

    Source  RFC 7234 5.5: 299 is a persistent warning of any kind. FHIR has no place for one beside a result.
    """
    text = "; ".join(issue.diagnostics for issue in issues).encode("ascii", "replace").decode().replace('"', "'")
    return f'299 - "{" ".join(text.split())[:1000]}"'


def find_operation(session: Session, request: Request) -> Operation:
    """Return the operation that an address names."""
    operations = session.house.operations
    level = "instance" if request.id else "type" if request.type else "system"
    for key in ((request.type or None, request.operation), (None, request.operation)):
        found = operations.get(key)
        if found is not None and found.definition.get(level) and _is_on(found, request.type):
            return found
    where = f"{request.type or 'the system'} ({level} level)"
    told = session.house.inactive(f"{request.type}/${request.operation}".lstrip("/"))
    because = f": {told}" if told else ""
    raise NotFound(f"There is no operation ${request.operation} on {where}{because}", code="not-supported")


def _is_on(found: Operation, resource_type: str) -> bool:
    types = found.definition.get("resource", ())
    return not resource_type or not types or resource_type in types or any(name in types for name in ANY_TYPE)


async def _posted(session: Session, found: Operation, request: Request) -> OperationRequest:
    query = _from_query(found, request)
    body, content_type = await request.body.content(), request.body.content_type
    media_type = content_type.partition(";")[0].strip().lower()
    asked = replace(_asked(request), parameters=_parameters(query))
    if body and media_type in found.accepts:
        return replace(asked, body=body, content_type=media_type)
    if not body and not request.body.is_held:
        return asked
    if media_type == "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("The parameters of an operation are a Parameters resource, not a form")
    given = [*await _from_body(session, found, await request.body.resource()), *query]
    return replace(asked, parameters=_parameters(given))


async def _from_body(session: Session, found: Operation, resource: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the parameters of a body, checked but for the resources in them: $validate is there to judge those.

    Shape   a bare resource is the parameter of its type, if the operation has one, else that named "resource".
    """
    kind = resource.get("resourceType")
    if kind != "Parameters":
        typed = (each["name"] for each in found.definition.get("parameter", ()) if each.get("type") == kind)
        return [{"name": next(typed, "resource"), "resource": resource}]
    shell, validator = _emptied(resource), session.house.validator
    broken = await judged(lambda seconds: validator.structure(shell, "Parameters", seconds=seconds))
    if any(issue.severity in REFUSING for issue in broken):
        raise Invalid("These Parameters are not FHIR R4", issues=broken)
    given: Sequence[Mapping[str, Any]] = resource.get("parameter", ())
    return given


def _emptied(holder: dict[str, Any]) -> dict[str, Any]:
    """Return Parameters, or a part of them, with a value in the place of every resource."""
    shell = {name: value for name, value in holder.items() if name != "resource"}
    if len(shell) < len(holder):
        shell["valueBoolean"] = True
    for name in ("parameter", "part"):
        if isinstance(parts := shell.get(name), list):
            shell[name] = [_emptied(part) if isinstance(part, dict) else part for part in parts]
    return shell


def _from_query(found: Operation, request: Request) -> list[Mapping[str, Any]]:
    types = {p["name"]: p.get("type", "string") for p in found.definition.get("parameter", ()) if p.get("use") == "in"}
    return [
        _typed(name, value, types.get(name, "string")) for name, value in request.query if name not in FORMAT_PARAMETERS
    ]


def _typed(name: str, text: str, kind: str) -> Mapping[str, Any]:
    value: Any = text
    if kind == "boolean":
        if text not in ("true", "false"):
            raise Invalid(f"{name} is true or false, not {text!r}", name, code="value")
        value = text == "true"
    elif kind in ("integer", "positiveInt", "unsignedInt"):
        if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 11:
            raise Invalid(f"{name} is a whole number, not {text!r}", name, code="value")
        value = int(text)
    return {"name": name, f"value{kind[0].upper()}{kind[1:]}": value}


def _parameters(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(parts)}
