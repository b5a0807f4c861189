"""Where something is wrong, as FHIRPath: inside a resource, and inside the Bundle that holds it."""

import re
from typing import Any

from usager_server.errors import FHIRError, Issue


def relocated(error: FHIRError, where: str) -> FHIRError:
    """Return the same refusal, of a resource inside this place: Patient.name becomes Bundle.entry[3].resource.name."""
    issues = [Issue(i.severity, i.code, i.diagnostics, _inside(where, i.expression)) for i in error.issues]
    return type(error)(str(error), issues=issues, headers=error.headers)


def _inside(where: str, expression: str | None) -> str:
    if expression is None or "?" in expression or expression.startswith("_"):
        return where
    if expression.startswith("Bundle."):
        return expression
    return (
        re.sub(r"^[A-Z][A-Za-z]*(?=\.|\[|$)", where, expression)
        if expression[:1].isupper()
        else f"{where}.{expression}"
    )


def place_of(resource: Any, wanted: Any) -> str:
    """Return where an object stands in a resource that holds it: Observation.component[1].valueReference."""
    found = _path(resource, wanted)
    return f"{resource.get('resourceType', 'Resource')}{found or ''}"


def _path(node: Any, wanted: Any) -> str | None:
    """Return the path from a node down to the object wanted, None when it is not below."""
    if node is wanted:
        return ""
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in steps:
        if (below := _path(value, wanted)) is not None:
            return f"[{step}]{below}" if isinstance(step, int) else f".{step}{below}"
    return None
