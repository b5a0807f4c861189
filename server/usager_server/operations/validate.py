"""$validate: what a resource breaks, told without storing it."""

from collections.abc import Sequence
from typing import Any

from usager_server.errors import Issue, Unprocessable, operation_outcome
from usager_server.interactions.checks import judged
from usager_server.interactions.identities import told_of_identity
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.jsontext import parse_json
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given

MODES = ("create", "update", "delete", "profile")
CLEAN = Issue("information", "informational", "All OK: nothing breaks R4, nor the profiles that were checked")


async def validate_resource(session: Session, request: OperationRequest) -> Reply:
    """Return the findings on a resource: the one given or, at the instance level without one, the one stored.

    Shape   always 200 with an OperationOutcome: errors would refuse a write, warnings would not. Warnings of R4 (best
            practice) are told here only.
    Source  FHIR R4 resource-operation-validate.html.
    """
    found = list(await _findings(session, request))
    return Reply(resource=operation_outcome(found or [CLEAN]))


async def _findings(session: Session, request: OperationRequest) -> Sequence[Issue]:
    mode, resource = given(request, "mode"), given(request, "resource")
    if mode is not None and mode not in MODES:
        return [_error("code-invalid", f"mode is {' or '.join(MODES)}", "Parameters.parameter.where(name = 'mode')")]
    if request.resource_id is not None:
        stored = await _stored(session, request)
        if stored is None:
            return [_error("not-found", f"{request.resource_type}/{request.resource_id} does not exist here")]
        resource = stored if resource is None or mode == "profile" else resource
        if mode == "delete":
            return []
    if resource is None:
        return [_error("required", "The resource to validate is missing", "Parameters.parameter")]
    try:
        found = await judged(lambda seconds: _judged(session, request, resource, seconds))
    except Unprocessable as refusal:  # too costly
        found = refusal.issues
    return [*_identity(request, resource, mode), *found]


def _judged(session: Session, request: OperationRequest, resource: Any, seconds: float) -> Sequence[Issue]:
    validator = session.house.validator
    broken = validator.structure(resource, request.resource_type, seconds=seconds)
    if any(issue.severity == "error" for issue in broken):
        return broken
    profile = given(request, "profile")
    profiles = [str(profile)] if profile is not None else []
    unknown = [
        _error("not-supported", f"The profile {name[:120]} is not installed here")
        for name in profiles
        if not validator.knows(name)
    ]
    known = [name for name in profiles if validator.knows(name)]
    told = validator.profiles(resource, known, seconds=seconds), validator.advice(resource, seconds=seconds)
    return [*broken, *unknown, *(issue for issues in (*told, told_of_identity(session, resource)) for issue in issues)]


def _identity(request: OperationRequest, resource: Any, mode: Any) -> Sequence[Issue]:
    if request.resource_id is None or not isinstance(resource, dict) or resource.get("id") == request.resource_id:
        return []
    if mode == "create":
        return [_error("invalid", "mode is create, and the address is that of a resource which exists")]
    text = "the id of the resource is not that of the address: an update would be refused"
    return [_error("invalid", text, f"{request.resource_type}.id")]


async def _stored(session: Session, request: OperationRequest) -> dict[str, Any] | None:
    stored = await session.repository.read(request.resource_type or "", request.resource_id or "")
    if stored is None or stored.document is None:
        return None
    if session.act is not None:
        session.act.meet(stored.document)
    tree: dict[str, Any] = parse_json(stored.document.encode())
    return tree


def _error(code: str, text: str, expression: str | None = None) -> Issue:
    return Issue("error", code, text, expression)


validate = Operation(
    operation_definition(
        "validate",
        "Tells what a resource breaks: R4 itself, the profiles it claims, and the one asked for.",
        levels=["system", "type", "instance"],
        resource=["Resource"],
        parameters=[
            parameter("resource", "Resource", "The resource to validate; without it, the one of the address"),
            parameter("mode", "code", "create, update, delete or profile: the act that would follow"),
            parameter("profile", "uri", "The canonical of a profile to check besides those of meta.profile"),
            parameter(
                "return", "OperationOutcome", "What was found; one information when nothing was", use="out", least=1
            ),
        ],
    ),
    validate_resource,
    needs={},
)
