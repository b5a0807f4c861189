"""The parameters that the operations of terminology share: codes, days, languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from usager_server.errors import Invalid
from usager_server.interactions.session import OperationRequest
from usager_server.operations.parameters import given


@dataclass(frozen=True, slots=True)
class Coded:
    """One code to be looked at, as a request gave it."""

    code: str
    system: str | None
    display: str | None = None
    version: str | None = None


def codings_of(request: OperationRequest, system: str = "system", version: str = "version") -> Sequence[Coded]:
    """Return the codes of a request: `code`, `coding` or the codings of `codeableConcept`; one of the three.

    Shape   system and version name the parameters that go with `code`.
    Errors  Invalid (400) when none is given, or one has no code.
    """
    code, coding, concept = (given(request, name) for name in ("code", "coding", "codeableConcept"))
    if code is not None:
        texts = (text_given(request, name) for name in (system, "display", version))
        return [Coded(str(code), *texts)]
    if isinstance(coding, Mapping):
        return [_coded(coding, "coding")]
    if isinstance(concept, Mapping) and concept.get("coding"):
        return [_coded(each, "codeableConcept") for each in concept["coding"]]
    text = f"A code is expected: code and {system}, or coding, or codeableConcept"
    raise Invalid(text, "Parameters.parameter", code="required")


def day_of(request: OperationRequest) -> date | None:
    """Return the day that `date` names, the first one of a month or a year; None when it is not given."""
    value = given(request, "date")
    if value is None:
        return None
    text = str(value)[:10]
    try:
        return date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) in (4, 7) else text)
    except ValueError as error:
        place = "Parameters.parameter.where(name = 'date')"
        raise Invalid(f"date is {str(value)[:40]!r}; expected YYYY-MM-DD", place, code="value") from error


def text_given(request: OperationRequest, name: str) -> str | None:
    """Return a parameter that is a text, or None. Errors: Invalid (400) when it is something else."""
    value = given(request, name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} must be a text", f"Parameters.parameter.where(name = '{name}')", code="value")
    return value or None


def values_given(request: OperationRequest, name: str) -> Sequence[str]:
    """Return the texts of a parameter that may repeat."""
    parts = (part for part in request.parameters.get("parameter", ()) if part.get("name") == name)
    return [str(value) for part in parts for key, value in part.items() if key.startswith("value")]


def _coded(coding: Mapping[str, Any], name: str) -> Coded:
    if not coding.get("code"):
        raise Invalid("The coding has no code", f"Parameters.parameter.where(name = '{name}')", code="required")
    return Coded(coding["code"], coding.get("system"), coding.get("display"), coding.get("version"))
