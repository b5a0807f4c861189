"""From a node to its children, typed by the definitions."""

from collections.abc import Mapping
from typing import Any

from usager_server.definitions import Definitions
from usager_server.fhirpath.nodes import Items, Node

Candidate = tuple[str, str | None, str]  # JSON key, its "_" sibling when primitive, type
Candidates = tuple[Candidate, ...] | dict[str, Candidate]  # by each JSON key when the element is a choice


class Routes(dict[str, Candidates]):
    """For one name: under which JSON keys it stands in each type. Filled as types are met."""

    def __init__(self, definitions: Definitions, name: str) -> None:
        super().__init__()
        self.definitions = definitions
        self.name = name

    def __missing__(self, type_name: str) -> Candidates:
        if type_name not in self.definitions.types:  # the resourceType of a contained resource may be any text
            return ()
        candidates = tuple(
            _candidate(self.definitions, key, kind)
            for key, (element, kind) in self.definitions.property_map(type_name).items()
            if element.name == self.name
        )
        found: Candidates = candidates
        if len(candidates) > 1:
            found = {key: candidate for candidate in candidates for key in candidate[:2] if key}
        self[type_name] = found
        return found


def _candidate(definitions: Definitions, key: str, kind: str) -> Candidate:
    return key, f"_{key}" if definitions.types[kind].kind == "primitive" else None, kind


def step(node: Node, candidates: Candidates, found: Items) -> None:
    """Append the children of a node that stand under the candidates."""
    holder = node.value if node.value.__class__ is dict else node.extra
    if holder.__class__ is not dict:
        return
    for key, shadow, kind in _present(holder, candidates) if isinstance(candidates, dict) else candidates:
        value = holder.get(key)
        extra = holder.get(shadow) if shadow is not None else None
        if value is not None or extra is not None:
            place(node, key, kind, value, extra, found)


def _present(holder: Mapping[str, Any], candidates: Mapping[str, Candidate]) -> tuple[Candidate, ...]:
    return tuple({candidate[0]: candidate for name in holder if (candidate := candidates.get(name))}.values())


def place(node: Node, key: str, kind: str, value: Any, extra: Any, found: Items) -> None:
    """Append what stands under one key: a node, or one per entry of a list."""
    if value.__class__ is list or extra.__class__ is list:
        values = value if isinstance(value, list) else ()
        extras = extra if isinstance(extra, list) else ()
        for index in range(max(len(values), len(extras))):
            one = values[index] if index < len(values) else None
            other = extras[index] if index < len(extras) else None
            if one is not None or other is not None:
                found.append(Node(one, _concrete(kind, one), node, key, index, other))
    else:
        found.append(Node(value, _concrete(kind, value), node, key, None, extra))


def _concrete(kind: str, value: Any) -> str:
    if kind == "Resource" and isinstance(value, dict):
        named = value.get("resourceType")
        return named if isinstance(named, str) else kind
    return kind


def children(node: Node, definitions: Definitions) -> Items:
    """Return all children of a node, in the order of the JSON text."""
    found: Items = []
    holder = node.value if node.value.__class__ is dict else node.extra
    if holder.__class__ is not dict:
        return found
    known = definitions.property_map(node.type)
    for name in holder:
        key = name[1:] if name.startswith("_") else name
        if key in known and (key is name or key not in holder):
            place(node, key, known[key][1], holder.get(key), holder.get(f"_{key}"), found)
    return found
