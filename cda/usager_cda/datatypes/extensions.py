"""Reading and writing FHIR extensions."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from usager_cda.datatypes import Tree

NARRATIVE_LINK = "http://hl7.org/fhir/StructureDefinition/narrativeLink"
ORIGINAL_TEXT = "http://hl7.org/fhir/StructureDefinition/originalText"


def extension_of(element: Tree, url: str) -> Tree | None:
    """Return the first extension of that URL, or None."""
    found: Tree
    for found in element.get("extension", ()):
        if found.get("url") == url:
            return found
    return None


def extensions_of(element: Tree, url: str) -> Iterator[Tree]:
    """Yield the extensions of that URL."""
    return (found for found in element.get("extension", ()) if found.get("url") == url)


def value_of(element: Tree, url: str, kind: str) -> Any:
    """Return the value of the first extension of that URL, if it is of that kind ("valueCode"); else None."""
    found = extension_of(element, url)
    return None if found is None else found.get(kind)


def put_extension(element: Tree, url: str, **value: Any) -> None:
    """Add an extension with one value (valueCode=...), unless the value is None."""
    if None not in value.values():
        element.setdefault("extension", []).append({"url": url, **value})


SAID = frozenset({bool, int, float, Decimal})  # a zero and a false are said


def filled(tree: Tree) -> Tree:
    """Return a tree without the members that are None or empty."""
    made: Tree = {}
    for name, value in tree.items():
        if value or (value is not None and value.__class__ in SAID):
            made[name] = value
    return made
