"""Reads the public FHIRPath test suite: its tests, its XML resources, and what it expects."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from usager_server.definitions import Definitions
from usager_server.jsontext import parse_json

_FHIR = "{http://hl7.org/fhir}"
_XHTML = "{http://www.w3.org/1999/xhtml}"


@dataclass(frozen=True, slots=True)
class Case:
    """One test: outputs are (type, text); invalid is syntax, semantic, execution, true or None."""

    name: str
    file: str
    expression: str
    outputs: tuple[tuple[str | None, str], ...]
    invalid: str | None
    predicate: bool
    strict: bool
    ordered: bool


def cases(suite: Path) -> Iterator[Case]:
    """Yield the tests of a suite file."""
    for test in etree.parse(str(suite)).getroot().iter("test"):
        expression = test.find("expression")
        assert expression is not None
        yield Case(
            name=test.get("name", ""),
            file=test.get("inputfile", ""),
            expression=expression.text or "",
            outputs=tuple((output.get("type"), output.text or "") for output in test.iter("output")),
            invalid=expression.get("invalid"),
            predicate=test.get("predicate") == "true",
            strict=test.get("mode") == "strict" or expression.get("invalid") == "semantic",
            ordered=test.get("ordered") != "false",
        )


def resource(path: Path, definitions: Definitions) -> dict[str, Any]:
    """Return the JSON tree of a resource file, XML or JSON."""
    if path.suffix == ".json":
        tree: dict[str, Any] = parse_json(path.read_bytes())
        return tree
    return _resource(etree.parse(str(path)).getroot(), definitions)


def _resource(element: Any, definitions: Definitions) -> dict[str, Any]:
    name = element.tag.removeprefix(_FHIR)
    return {"resourceType": name} | _object(element, name, definitions)


def _object(element: Any, kind: str, definitions: Definitions) -> dict[str, Any]:
    found: dict[str, Any] = {name: value for name, value in element.attrib.items() if name in ("id", "url")}
    known = definitions.property_map(kind)
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag.startswith(_XHTML):
            found["div"] = etree.tostring(child, encoding="unicode", with_tail=False)
            continue
        name = child.tag.removeprefix(_FHIR)
        declared, child_kind = known[name]
        value, extra = _value(child, child_kind, definitions)
        _put(found, name, value, declared.max is None)
        if extra:
            _put(found, f"_{name}", extra, declared.max is None)
    return found


def _value(element: Any, kind: str, definitions: Definitions) -> tuple[Any, Any]:
    if kind == "Resource":
        return _resource(element[0], definitions), None
    if definitions.types[kind].kind != "primitive":
        return _object(element, kind, definitions), None
    text = element.get("value")
    plain = kind in ("boolean", "integer", "decimal", "positiveInt", "unsignedInt")
    return parse_json(text.encode()) if plain and text else text, _object(element, kind, definitions)


def _put(found: dict[str, Any], name: str, value: Any, many: bool) -> None:
    if not many:
        found[name] = value
        return
    found.setdefault(name, []).append(value)
    if name.startswith("_"):
        found[name] = [None] * (len(found[name[1:]]) - len(found[name])) + found[name]
