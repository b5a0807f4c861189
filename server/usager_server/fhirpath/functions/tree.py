"""The tree around an item: children, descendants, extension, hasValue, type, trace."""

from typing import Any

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.functions.strings import text
from usager_server.fhirpath.navigation import children, place
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Compiled, Frame, Items, Node
from usager_server.fhirpath.typing import type_info
from usager_server.fhirpath.values import PRIMITIVES, value_of


@function("children")
def children_(frame: Frame, source: Items) -> Items:
    """Return the children of each item."""
    definitions = frame.run.definitions
    found = [child for item in source if isinstance(item, Node) for child in children(item, definitions)]
    frame.run.spend(len(found))
    return found


@function("descendants")
def descendants(frame: Frame, source: Items) -> Items:
    """Return the children of each item, theirs, and so on."""
    definitions = frame.run.definitions
    found: Items = []
    wave = [item for item in source if isinstance(item, Node)]
    while wave:
        wave = [child for item in wave for child in children(item, definitions)]
        frame.run.spend(len(wave))
        found += wave
    return found


@function("extension", 1)
def extension(frame: Frame, source: Items, url: Compiled) -> Items:
    """Return the extensions of a url."""
    wanted = text(url(frame))
    if wanted is None:
        return EMPTY
    found: Items = []
    for item in source:
        if not isinstance(item, Node):
            continue
        holder = item.value if isinstance(item.value, dict) else item.extra
        if isinstance(holder, dict):
            place(item, "extension", "Extension", holder.get("extension"), None, found)
    return [node for node in found if isinstance(node.value, dict) and node.value.get("url") == wanted]


@function("hasValue")
def has_value(frame: Frame, source: Items) -> Items:
    """Tell whether the one item is a primitive that has a value."""
    return TRUE if len(source) == 1 and _primitive(source[0]) is not None else FALSE


@function("getValue")
def get_value(frame: Frame, source: Items) -> Items:
    """Return the value of the one primitive, as a type of System."""
    known = len(source) == 1 and _primitive(source[0]) is not None
    return [value_of(source[0])] if known else EMPTY


def _primitive(item: Any) -> Any:
    if not isinstance(item, Node):
        return item
    return item.value if item.type in PRIMITIVES else None


@function("type")
def type_(frame: Frame, source: Items) -> Items:
    """Return the type of each item."""
    return [type_info(item, frame.run.definitions) for item in source]


@function("trace", 1, 2)
def trace(frame: Frame, source: Items, name: Compiled, projection: Compiled | None = None) -> Items:
    """Show the items, or what the projection makes of them, to the environment; return the items."""
    tell = frame.run.environment.trace
    if tell is not None:
        shown = source
        if projection is not None:
            shown = [new for item in source for new in projection(Frame(item, None, EMPTY, frame.run))]
        tell(text(name(frame)) or "", shown)
    return source
