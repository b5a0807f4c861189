"""Parameters, read and built: what goes into an operation and what comes out of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from usager_server.errors import Invalid
from usager_server.interactions.session import OperationRequest


def given(request: OperationRequest, name: str) -> Any | None:
    """Return the value or the resource of a parameter, or None when it was not given; the first when several were."""
    return next(_values(request, name), None)


def required(request: OperationRequest, name: str) -> Any:
    """Return the value or the resource of a parameter. Errors: Invalid (400) when it was not given."""
    value = given(request, name)
    if value is None:
        raise Invalid(
            f"The parameter {name} is missing", f"Parameters.parameter.where(name = '{name}')", code="required"
        )
    return value


def text_of(request: OperationRequest, name: str, allowed: Sequence[str] = ()) -> str:
    """Return a parameter that is a text. Errors: Invalid (400) when it is missing, or not one of those allowed."""
    value = required(request, name)
    if not isinstance(value, str) or (allowed and value not in allowed):
        expected = " or ".join(allowed) if allowed else "a text"
        raise Invalid(f"{name} must be {expected}", f"Parameters.parameter.where(name = '{name}')", code="value")
    return value


def flag_of(request: OperationRequest, name: str) -> bool | None:
    """Return a parameter that is true or false, None when it was not given. Errors: Invalid (400) on anything else."""
    value = given(request, name)
    if value is not None and not isinstance(value, bool):
        raise Invalid(f"{name} must be a boolean", f"Parameters.parameter.where(name = '{name}')", code="value")
    return value


def parameters(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Parameters resource that holds these parts; `part` makes one."""
    return {"resourceType": "Parameters", "parameter": list(parts)}


def part(name: str, **value: Any) -> dict[str, Any]:
    """Return one parameter: part("gir", valueInteger=2)."""
    return {"name": name, **value}


def _values(request: OperationRequest, name: str) -> Iterator[Any]:
    for entry in request.parameters.get("parameter", ()):
        if isinstance(entry, Mapping) and entry.get("name") == name:
            yield from (value for key, value in entry.items() if key == "resource" or key.startswith("value"))
