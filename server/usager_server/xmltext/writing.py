"""JSON tree -> FHIR XML, elements in the order of the specification."""

from typing import Any

from jiter import LosslessFloat

from usager_server.definitions import Definitions, Element
from usager_server.errors import Invalid
from usager_server.xmltext.escaping import FHIR, attribute
from usager_server.xmltext.narrative import element_of

Places = dict[str, tuple[int, str, Element, str]]
"""Of a JSON property, underscored or not: its rank, its name without underscore, its element, its type."""


def xml_from_tree(tree: dict[str, Any], definitions: Definitions, pretty: bool = False) -> bytes:
    """Return the XML of a resource.

    Shape   the narrative is written as it stands; pretty indents everything else by two spaces.
    Errors  Invalid (400) on a property that R4 does not know: XML could not carry it.
    Source  FHIR R4 xml.html.
    """
    writer = _writer(definitions)
    pieces = ['<?xml version="1.0" encoding="UTF-8"?>']
    writer.resource(tree, f' xmlns="{FHIR}"', pieces, "\n" if pretty else "")
    return "".join(pieces).encode("utf-8", "replace")


class _Writer:
    """Writes nodes of known types; keeps the order of the properties of each type it met."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._places: dict[str, Places] = {}

    def resource(self, tree: dict[str, Any], declaration: str, pieces: list[str], margin: str) -> None:
        name = tree.get("resourceType")
        if type(name) is not str or name not in self._definitions.resource_types:
            raise Invalid(f"{str(name)[:64]!r} is not a resource type of R4", code="structure")
        pieces.append(f"{margin}<{name}{declaration}")
        self._content(tree, name, name, pieces, margin)

    def _content(self, node: Any, kind: str, tag: str, pieces: list[str], margin: str) -> None:
        """Write what follows the name of an opening tag: attributes, children, closing tag."""
        places = self._places.get(kind)
        if places is None:
            places = self._places[kind] = self._places_of(kind)
        if type(node) is not dict:
            raise Invalid(f"{tag} is not an object, as {kind} is", code="structure")
        names = sorted([name for name in node if name in places], key=lambda name: places[name][0])
        if len(names) < len(node) - ("resourceType" in node):
            _refuse_unknown(node, places, kind)
        while names and places[names[0]][2].attribute:
            pieces.append(f' {names[0]}="{attribute(str(node[names[0]]))}"')
            del names[0]
        if not names:
            pieces.append("/>")
            return
        pieces.append(">")
        inner = margin and margin + "  "
        for key in names:
            _, name, _, child_kind = places[key]
            if key == name or name not in node:
                self._property(node, name, child_kind, pieces, inner)
        pieces.append(f"{margin}</{tag}>")

    def _property(self, node: dict[str, Any], name: str, kind: str, pieces: list[str], margin: str) -> None:
        value = node.get(name)
        if kind == "xhtml":
            pieces.append(margin + element_of(str(value)))
        elif self._definitions.types[kind].kind == "primitive":
            self._primitives(name, value, node.get("_" + name), pieces, margin)
        else:
            for each in value if type(value) is list else [value]:
                self._complex(name, each, kind, pieces, margin)

    def _complex(self, name: str, value: Any, kind: str, pieces: list[str], margin: str) -> None:
        if kind == "Resource":
            pieces.append(f"{margin}<{name}>")
            self.resource(value if type(value) is dict else {}, "", pieces, margin and margin + "  ")
            pieces.append(f"{margin}</{name}>")
        else:
            pieces.append(f"{margin}<{name}")
            self._content(value, kind, name, pieces, margin)

    def _primitives(self, name: str, value: Any, extra: Any, pieces: list[str], margin: str) -> None:
        if type(value) is not list and type(extra) is not list:
            self._primitive(name, value, extra, pieces, margin)
            return
        values, extras = value or [], extra or []
        for index in range(max(len(values), len(extras))):
            each = values[index] if index < len(values) else None
            self._primitive(name, each, extras[index] if index < len(extras) else None, pieces, margin)

    def _primitive(self, name: str, value: Any, extra: Any, pieces: list[str], margin: str) -> None:
        pieces.append(f"{margin}<{name}")
        text = "" if value is None else f' value="{_text(value)}"'
        if extra is None:
            pieces.append(text + "/>")
            return
        if "id" in extra:
            pieces.append(f' id="{attribute(str(extra["id"]))}"')
        pieces.append(text)
        self._content({key: each for key, each in extra.items() if key != "id"}, "Element", name, pieces, margin)

    def _places_of(self, kind: str) -> Places:
        found = self._definitions.property_map(kind)
        # Attributes first (in R4 the id and the url of an extension): they end the tag before its children.
        ranked = sorted(found.items(), key=lambda entry: not entry[1][0].attribute)
        places: Places = {}
        for rank, (name, (element, child_kind)) in enumerate(ranked):
            places[name] = places["_" + name] = (rank, name, element, child_kind)
        return places


_writers: dict[int, _Writer] = {}


def _writer(definitions: Definitions) -> _Writer:
    return _writers.setdefault(id(definitions), _Writer(definitions))


def _text(value: Any) -> str:
    if type(value) is str:
        return attribute(value)
    if value is True or value is False:
        return "true" if value else "false"
    return bytes(value).decode() if type(value) is LosslessFloat else attribute(str(value))


def _refuse_unknown(node: dict[str, Any], places: Places, kind: str) -> None:
    for name in node:
        if name not in places and name != "resourceType":
            raise Invalid(f"unknown element {name[:64]!r}: {kind} has none of that name in R4", code="structure")
