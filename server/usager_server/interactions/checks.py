"""What every write checks before anything is stored: type, id, structure, profiles."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from usager_server.errors import FHIRError, Invalid, Issue, TooCostly, Unprocessable
from usager_server.interactions.audit_events import refuse_written
from usager_server.interactions.session import Session
from usager_server.validation import Validator

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
REFUSING = ("error", "fatal")
# Findings of these kinds leave the resource readable: it breaks a rule, not the format (FHIR R4 http.html#create).
RULES = ("invariant", "business-rule")
# How long the check of a resource may keep all others waiting, and how long it may then take beside them.
AT_ONCE_SECONDS = 0.05
BESIDE_SECONDS = 5.0

Judgement = TypeVar("Judgement")


async def check_resource(session: Session, resource: dict[str, Any], expected_type: str) -> Sequence[Issue]:
    """Refuse a resource that is not of the type, not FHIR R4, or not what its profiles say; return the warnings.

    Errors  MethodNotAllowed (405) for what only the server writes; Invalid (400) for a resource that does not parse as
            R4, Unprocessable (422) for one that breaks an invariant or a profile named in meta.profile, or that takes
            too long to check. All findings are issues of the OperationOutcome.
    """
    refuse_written(session, expected_type)
    check_type(resource, expected_type)
    return await judged(lambda seconds: _check(session.house.validator, resource, expected_type, seconds))


async def judged(judge: Callable[[float], Judgement]) -> Judgement:
    """Return what is made of a resource: at once or, when that takes long, in a thread, so that others are answered.

    Errors  Unprocessable (422, too-costly) when even that takes too long.
    """
    try:
        return judge(AT_ONCE_SECONDS)
    except TooCostly:
        pass
    try:
        return await asyncio.to_thread(judge, BESIDE_SECONDS)
    except TooCostly as error:
        text = f"The resource takes more than {BESIDE_SECONDS:g} s to check: it holds too much, send it in several"
        raise Unprocessable(text, code="too-costly") from error


def _check(validator: Validator, resource: dict[str, Any], expected_type: str, seconds: float) -> Sequence[Issue]:
    found = validator.structure(resource, expected_type, seconds=seconds)
    if found:
        _refuse(found, Unprocessable if all(i.code in RULES for i in found if i.severity in REFUSING) else Invalid)
    told = validator.profiles(resource, seconds=seconds)
    _refuse(told, Unprocessable)
    return [*found, *told] if found else told


def check_type(resource: dict[str, Any], expected_type: str) -> None:
    """Refuse a body whose resourceType is not the one of the address."""
    found = resource.get("resourceType")
    if found is None:
        raise Invalid("The body has no resourceType", "resourceType", code="required")
    if found != expected_type:
        raise Invalid(f"The body is a {found}, the address one of type {expected_type}", "resourceType")


def check_id(resource_type: str, resource_id: str) -> None:
    """Refuse an id that FHIR does not allow."""
    if not ID.fullmatch(resource_id):
        raise Invalid(
            f"{resource_id[:80]!r} is not an id: 1 to 64 letters, digits, '-' and '.'",
            f"{resource_type}.id",
            code="value",
        )


def check_same_id(resource: dict[str, Any], resource_type: str, resource_id: str) -> None:
    """Refuse a body whose id is missing or not the one of the address (FHIR R4 http.html#update)."""
    expression = f"{resource_type}.id"
    if "id" not in resource:
        raise Invalid(f"The body has no id; the address says {resource_id!r}", expression, code="required")
    if resource["id"] != resource_id:
        raise Invalid(f"The id of the body is {resource['id']!r}, that of the address {resource_id!r}", expression)


def _refuse(found: Sequence[Issue], error: type[FHIRError]) -> None:
    if any(issue.severity in REFUSING for issue in found):
        raise error("; ".join(issue.diagnostics for issue in found), issues=found)
