"""A profile as a tree: its elements under one another, each with its slices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from usager_server.definitions import Definitions
from usager_server.validation.conformance.registry import Conformance

ElementDefinition = Mapping[str, Any]
Key = tuple[str, ...]

# What an inheriting element adds to rather than replaces.
_ADDED = ("constraint", "condition")


@dataclass(slots=True)
class Outline:
    """One element of a profile.

    Shape   name is the JSON name without [x]; definition holds what the profile says of it; children by name;
            slices in the order of the profile, each named by its slice_name.
    """

    name: str
    slice_name: str | None = None
    definition: dict[str, Any] = field(default_factory=dict)
    children: dict[str, "Outline"] = field(default_factory=dict)
    slices: list["Outline"] = field(default_factory=list)

    def child(self, name: str) -> "Outline":
        """Return the child of that name, made when missing."""
        return self.children.setdefault(name, Outline(name))

    def slice(self, name: str) -> "Outline":
        """Return the slice of that name, made when missing."""
        for each in self.slices:
            if each.slice_name == name:
                return each
        self.slices.append(Outline(self.name, name))
        return self.slices[-1]

    def value(self, prefix: str) -> Any:
        """Return the fixed[x] or pattern[x] of the element, None without."""
        return next((value for key, value in self.definition.items() if key.startswith(prefix) and len(key) > 5), None)


def outline_of(profile: Mapping[str, Any], conformance: Conformance, definitions: Definitions) -> Outline:
    """Return the tree of a profile: its snapshot, or its differential over that of the profile it derives from."""
    root = Outline(profile["type"])
    for element in _elements(profile, conformance, definitions).values():
        node = _place(root, _segments(element, profile["type"], definitions))
        node.definition = dict(element)
    return root


def _elements(
    profile: Mapping[str, Any], conformance: Conformance, definitions: Definitions
) -> dict[Key, ElementDefinition]:
    if "snapshot" in profile:
        return _whole(profile, conformance, definitions)
    base = conformance.profile(profile.get("baseDefinition", ""))
    elements = _elements(base, conformance, definitions) if base else {}
    for key, element in _keyed(profile["differential"]["element"], profile["type"], definitions).items():
        elements[key] = _merged(elements.get(key, {}), element)
    return elements


def _whole(
    profile: Mapping[str, Any], conformance: Conformance, definitions: Definitions
) -> dict[Key, ElementDefinition]:
    """Return a snapshot without the extensible bindings that R4 itself brings: they are no word of the profile."""
    stated = _bound(profile, conformance, definitions)
    elements = _keyed(profile["snapshot"]["element"], profile["type"], definitions)
    for key, element in elements.items():
        if key not in stated and element.get("binding", {}).get("strength") == "extensible":
            elements[key] = {name: value for name, value in element.items() if name != "binding"}
    return elements


def _bound(profile: Mapping[str, Any], conformance: Conformance, definitions: Definitions) -> set[Key]:
    """Return the elements to which a profile, or one above it, gives a binding."""
    own = _keyed(profile.get("differential", {}).get("element", ()), profile["type"], definitions)
    base = conformance.profile(profile.get("baseDefinition", ""))
    above = _bound(base, conformance, definitions) if base else set()
    return above | {key for key, element in own.items() if "binding" in element}


def _keyed(elements: Iterable[ElementDefinition], kind: str, definitions: Definitions) -> dict[Key, ElementDefinition]:
    return {_segments(element, kind, definitions): element for element in elements}


def _merged(above: ElementDefinition, below: ElementDefinition) -> ElementDefinition:
    added = {name: [*above.get(name, ()), *below.get(name, ())] for name in _ADDED if name in above or name in below}
    return {**above, **below, **added}


def _segments(element: ElementDefinition, kind: str, definitions: Definitions) -> Key:
    """Return the id of an element in pieces, a choice written short ("valueQuantity") put as a slice of value[x]."""
    identifier = element.get("id") or element["path"]
    if "id" not in element and "sliceName" in element:
        identifier += ":" + element["sliceName"]
    pieces: list[str] = []
    for piece in identifier.split(".")[1:]:
        name, _, slice_name = piece.partition(":")
        known = definitions.property_map(kind)
        found = known.get(name)
        if found is not None and found[0].choice:
            name, slice_name, kind = found[0].name, name, found[1]
        else:
            name = name.removesuffix("[x]")
            kind = _kind(element, name, slice_name, kind, definitions)
        pieces.append(f"{name}:{slice_name}" if slice_name else name)
    return tuple(pieces)


def _kind(element: ElementDefinition, name: str, slice_name: str, kind: str, definitions: Definitions) -> str:
    known = definitions.property_map(kind)
    if slice_name in known:
        return known[slice_name][1]
    return next((each for found, each in known.values() if found.name == name), "")


def _place(root: Outline, segments: tuple[str, ...]) -> Outline:
    node = root
    for segment in segments:
        name, _, slice_name = segment.partition(":")
        node = node.child(name)
        if slice_name:
            node = node.slice(slice_name)
    return node
