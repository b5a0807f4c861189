"""Required bindings: the code must be of the value set."""

from collections.abc import Mapping
from typing import Any

from usager_server.validation.findings import Findings, one
from usager_server.validation.walk import Check, Walk

LISTED = 12

Codes = Mapping[str, frozenset[str]]
"""The content of a value set: system -> codes."""


def code_check(canonical: str, codes: Codes, inner: Check) -> Check:
    """Return the checker of a code, uri or string bound to a value set."""
    allowed = frozenset().union(*codes.values())

    def check(value: Any, walk: Walk) -> Findings | None:
        if type(value) is str and value in allowed:
            return None
        return inner(value, walk) or one("code-invalid", f"is not a code of {canonical}{_listed(allowed)}", value)

    return check


def coding_check(canonical: str, codes: Codes, inner: Check) -> Check:
    """Return the checker of a Coding bound to a value set."""

    def check(value: Any, walk: Walk) -> Findings | None:
        found = inner(value, walk)
        if found is not None or is_member(value, codes):
            return found
        return one("code-invalid", f"is not a code of {canonical}{_systems(codes)}", str(value.get("code", "no code")))

    return check


def concept_check(canonical: str, codes: Codes, inner: Check) -> Check:
    """Return the checker of a CodeableConcept: one of its codings, at least, is of the value set."""

    def check(value: Any, walk: Walk) -> Findings | None:
        found = inner(value, walk)
        if found is not None or any(is_member(coding, codes) for coding in value.get("coding", ())):
            return found
        return one("code-invalid", f"none of the codings is of {canonical}, and one is required{_systems(codes)}")

    return check


def is_member(coding: Mapping[str, Any], codes: Codes) -> bool:
    """Tell whether a Coding is of a value set; one without a code is judged by nobody when it has an extension."""
    if "code" not in coding:
        return "extension" in coding or "_code" in coding
    return coding["code"] in codes.get(coding.get("system", ""), ())


def _listed(allowed: frozenset[str]) -> str:
    return ": one of " + ", ".join(sorted(allowed)) if len(allowed) <= LISTED else ""


def _systems(codes: Codes) -> str:
    if sum(map(len, codes.values())) <= LISTED:
        return ": one of " + ", ".join(f"{system}#{code}" for system, each in codes.items() for code in sorted(each))
    return ": its codes are of " + ", ".join(list(codes)[:3])
