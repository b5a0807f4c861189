"""FHIR XML -> JSON tree. Strict: what the definitions do not know is refused, with its line and its FHIRPath."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from jiter import LosslessFloat
from lxml import etree

from usager_server.definitions import Definitions, Element
from usager_server.errors import Invalid
from usager_server.xmltext.escaping import FHIR, XHTML
from usager_server.xmltext.limits import ATTRIBUTES_LIMIT, DEPTH_LIMIT
from usager_server.xmltext.narrative import text_of

_PREFIX = f"{{{FHIR}}}"
_DIV = f"{{{XHTML}}}div"
_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z").match
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z").match


def tree_from_xml(data: bytes, definitions: Definitions) -> dict[str, Any]:
    """Return the JSON tree of a resource in XML.

    Shape   decimals keep their digits (jiter.LosslessFloat); ids and extensions of primitives stand in underscored
            properties; the narrative is a string. Comments and xsi attributes are left out.
    Errors  Invalid (400) on anything that is not the XML of an R4 resource, a document type included.
    Source  FHIR R4 xml.html.
    """
    root = _parsed(data)
    _check_name(root)
    return _Reader(definitions).resource(root, 0)


def _parsed(data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True)
    if b"<!DOCTYPE" in data:
        raise Invalid("The XML has a document type (DOCTYPE): FHIR has none, and it is not read", code="structure")
    try:
        root: Any = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Invalid(f"The body is not well-formed XML: {error}", code="structure") from error
    tree: Any = root.getroottree()
    # In another encoding than UTF-8, the document type could not be seen before.
    if tree.docinfo.doctype:
        raise Invalid("The XML has a document type (DOCTYPE): FHIR has none, and it is not read", code="structure")
    return root


def _check_name(element: Any) -> None:
    if type(element.tag) is not str or not element.tag.startswith(_PREFIX):
        _refuse(element, f"the element is not in the namespace {FHIR}")


class _Reader:
    """Reads elements of known types."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def resource(self, element: Any, depth: int) -> dict[str, Any]:
        name = element.tag[len(_PREFIX) :]
        if name not in self._definitions.resource_types:
            _refuse(element, f"<{name[:64]}> is not a resource type of R4")
        tree: dict[str, Any] = {"resourceType": name}
        if "id" in element.attrib:
            _refuse(element, "the id of a resource is an element, not an attribute")
        return self._object(element, name, tree, depth)

    def _object(self, element: Any, kind: str, tree: dict[str, Any], depth: int) -> dict[str, Any]:
        if depth > DEPTH_LIMIT:
            _refuse(element, f"elements are nested deeper than {DEPTH_LIMIT}")
        properties = self._definitions.property_map(kind)
        for name, value in _attributes(element):
            if name in properties and properties[name][0].attribute:
                tree[name] = value
            elif not name.startswith(_SCHEMA):
                _refuse(element, f"unknown attribute {name[:64]!r}")
        for child in _children(element):
            name = child.tag[len(_PREFIX) :] if child.tag.startswith(_PREFIX) else ""
            if name in properties and not properties[name][0].attribute:
                self._property(child, name, *properties[name], tree, depth)
            elif child.tag == _DIV and kind == "Narrative":
                tree["div"] = _once(child, "div", tree) and text_of(child)
            else:
                _refuse(child, f"unknown element <{_written(child)}>: {kind} has none of that name in R4")
        return tree

    def _property(self, child: Any, name: str, element: Element, kind: str, tree: dict[str, Any], depth: int) -> None:
        if kind == "xhtml":
            _refuse(child, f"the narrative must be a <div> of the namespace {XHTML}")
        if self._definitions.types[kind].kind == "primitive":
            self._primitive(child, name, element, kind, tree, depth)
            return
        value = self._nested(child, depth) if kind == "Resource" else self._object(child, kind, {}, depth + 1)
        if element.max == 1:
            tree[name] = _once(child, name, tree) and value
        else:
            tree.setdefault(name, []).append(value)

    def _nested(self, element: Any, depth: int) -> dict[str, Any]:
        found = list(_children(element))
        if len(found) != 1 or element.attrib:
            _refuse(element, f"<{_written(element)}> holds one resource, and nothing else")
        _check_name(found[0])
        return self.resource(found[0], depth + 1)

    def _primitive(self, child: Any, name: str, element: Element, kind: str, tree: dict[str, Any], depth: int) -> None:
        text: str | None = None
        extra: dict[str, Any] = {}
        for key, told in _attributes(child):
            if key == "value":
                text = told
            elif key == "id":
                extra["id"] = told
            else:
                _refuse(child, f"unknown attribute {key[:64]!r}")
        if len(child) or child.text is not None:
            for inner in _children(child):
                if inner.tag != _PREFIX + "extension":
                    _refuse(inner, f"unknown element <{_written(inner)}>: a {kind} holds extensions only")
                extra.setdefault("extension", []).append(self._object(inner, "Extension", {}, depth + 1))
        if text is None and "extension" not in extra:
            _refuse(child, f"<{name}> has neither a value nor an extension")
        value = None if text is None else _value(child, kind, text)
        if element.max == 1:
            _once(child, name, tree)
            _set(tree, name, value, extra)
        else:
            _append(tree, name, value, extra)


def _set(tree: dict[str, Any], name: str, value: Any, extra: dict[str, Any]) -> None:
    if value is not None:
        tree[name] = value
    if extra:
        tree["_" + name] = extra


def _append(tree: dict[str, Any], name: str, value: Any, extra: dict[str, Any]) -> None:
    """Add one item to a primitive that repeats: two arrays, null filling the gaps of each; none that is all null."""
    values, extras = tree.get(name), tree.get("_" + name)
    count = len(values if values is not None else extras or ())
    if value is not None and values is None:
        values = tree[name] = [None] * count
    if extra and extras is None:
        extras = tree["_" + name] = [None] * count
    if values is not None:
        values.append(value)
    if extras is not None:
        extras.append(extra or None)


def _attributes(element: Any) -> Sequence[tuple[str, str]]:
    if len(element.attrib) > ATTRIBUTES_LIMIT:
        _refuse(element, f"the element has over {ATTRIBUTES_LIMIT} attributes")
    found: Sequence[tuple[str, str]] = element.items()
    return found


def _children(element: Any) -> Iterator[Any]:
    """Yield the child elements, comments left out; text between them is refused."""
    if element.text is not None and not element.text.isspace():
        _refuse(element, f"<{_written(element)}> holds text: FHIR puts values in attributes")
    for child in element:
        if child.tail is not None and not child.tail.isspace():
            _refuse(element, f"<{_written(element)}> holds text: FHIR puts values in attributes")
        if type(child.tag) is str:
            yield child


def _once(child: Any, name: str, tree: dict[str, Any]) -> bool:
    if name in tree or "_" + name in tree:
        _refuse(child, f"<{name}> stands more than once")
    return True


def _value(child: Any, kind: str, text: str) -> Any:
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        return text
    value = convert(text)
    if value is None:
        _refuse(child, f"the value is not of type {kind}", code="value")
    return value


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text)


def _integer(text: str) -> int | None:
    return int(text) if len(text) < 20 and _INTEGER(text) else None


def _decimal(text: str) -> int | LosslessFloat | None:
    if len(text) > 128 or not _DECIMAL(text):
        return None
    return int(text) if _INTEGER(text) else LosslessFloat(text.encode())


_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "unsignedInt": _integer,
    "positiveInt": _integer,
    "decimal": _decimal,
}


def _written(element: Any) -> str:
    name = element.tag.rpartition("}")[2][:64]
    return f"{element.prefix}:{name}" if element.prefix else name


def _refuse(element: Any, text: str, code: str = "structure") -> NoReturn:
    raise Invalid(f"Line {element.sourceline}: {text}", _expression(element), code=code)


def _expression(element: Any) -> str:
    """Return the FHIRPath of an element, read from its ancestors."""
    steps: list[str] = []
    node = element
    while node is not None:
        parent = node.getparent()
        name = node.tag.rpartition("}")[2] if type(node.tag) is str else "?"
        # A resource inside a resource stands under the element that holds it, and adds no step.
        if parent is None or not name[:1].isupper():
            steps.append(name[:64] + _index(node, parent))
        node = parent
    return ".".join(reversed(steps))


def _index(node: Any, parent: Any) -> str:
    if parent is None or sum(1 for _ in parent.iterchildren(node.tag)) < 2:
        return ""
    return f"[{sum(1 for _ in node.itersiblings(node.tag, preceding=True))}]"
