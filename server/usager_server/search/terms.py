"""Codes that a value stands for: value sets (:in, :not-in) and hierarchies (:above, :below) of the definitions."""

from collections.abc import Mapping, Sequence

from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.search.query import Value

Coding = tuple[str, str]


def check_terms(definitions: Definitions, modifier: str | None, value: Value, expression: str) -> None:
    """Refuse a value set or a code system that is not known here. Errors: Invalid (400), naming what is missing."""
    if modifier in {"in", "not-in"}:
        value_set(definitions, value.text, expression)
    elif modifier in {"above", "below"} and value.code is not None:
        hierarchy(definitions, modifier, value, expression)


def value_set(definitions: Definitions, canonical: str, expression: str = "") -> Sequence[Coding]:
    """Return the (system, code) of a value set. Errors: Invalid (400) when it is not known here."""
    url, _, _ = canonical.partition("|")
    found = definitions.value_sets.get(url)
    if found is None:
        raise Invalid(f"The value set {canonical!r} is not known here, or too large to list", expression, code="value")
    return [(system, code) for system, codes in found.items() for code in codes]


def hierarchy(definitions: Definitions, modifier: str, value: Value, expression: str = "") -> Sequence[Coding]:
    """Return a code with those above or below it. Errors: Invalid (400) when its system is not known here."""
    if not value.system or not value.code:
        raise Invalid(f":{modifier} needs [system]|[code]", expression, code="value")
    parents = definitions.code_systems.get(value.system)
    if parents is None or value.code not in parents:
        raise Invalid(f"{value.text!r} is not a code of a system known here", expression, code="value")
    codes = _above(parents, value.code) if modifier == "above" else _below(parents, value.code)
    return [(value.system, code) for code in codes]


def _above(parents: Mapping[str, str | None], code: str) -> Sequence[str]:
    found, current = [code], parents.get(code)
    while current is not None and current not in found:
        found.append(current)
        current = parents.get(current)
    return found


def _below(parents: Mapping[str, str | None], code: str) -> Sequence[str]:
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(child)
    found = {code: None}
    waiting = [code]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found[child] = None
                waiting.append(child)
    return list(found)
