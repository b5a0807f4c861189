"""Finding the resource a Reference means: contained, by fullUrl, by type and id, or by identifier."""

from collections.abc import Iterable, Iterator
from typing import Any

from usager_cda.datatypes import Tree


class Resolver:
    """The resources of a Bundle, and those the caller adds, under every name they may be referred to by."""

    def __init__(self, resources: Iterable[tuple[str | None, Tree]]) -> None:
        self._by_name: dict[str, Tree] = {}
        self._by_identifier: dict[tuple[str, str | None, str | None], Tree] = {}
        for full_url, resource in resources:
            self.add(resource, full_url)

    def add(self, resource: Tree, full_url: str | None = None) -> None:
        """Make one more resource known."""
        name = f"{resource.get('resourceType')}/{resource.get('id')}"
        for each in filter(None, (full_url, name)):
            self._by_name.setdefault(each, resource)
        for identifier in _listed(resource.get("identifier")):
            key = (str(resource.get("resourceType")), identifier.get("system"), identifier.get("value"))
            self._by_identifier.setdefault(key, resource)

    def of_type(self, resource_type: str) -> Tree | None:
        """Return the first resource of a type."""
        return next((found for found in self._by_name.values() if found.get("resourceType") == resource_type), None)

    def find(self, reference: Tree | None, holder: Tree | None = None) -> Tree | None:
        """Return the resource of a Reference, or None; holder is the resource that may contain it."""
        text = (reference or {}).get("reference")
        if isinstance(text, str) and text.startswith("#"):
            return _contained(holder or {}, text[1:])
        if isinstance(text, str):
            return self._by_name.get(text) or self._by_name.get(_relative(text))
        identifier = (reference or {}).get("identifier") or {}
        key = (str((reference or {}).get("type")), identifier.get("system"), identifier.get("value"))
        return self._by_identifier.get(key)

    def missing(self, resource: Tree) -> set[str]:
        """Return the literal references ("Type/id") of a resource that lead nowhere here."""
        texts = {_relative(text) for text in _references(resource) if not text.startswith("#")}
        return {text for text in texts if "/" in text and text not in self._by_name and ":" not in text}


def _contained(holder: Tree, key: str) -> Tree | None:
    found = (resource for resource in holder.get("contained", ()) if resource.get("id") == key)
    return next(found, None)


def _relative(text: str) -> str:
    """Return Type/id of an absolute or versioned reference."""
    parts = text.partition("/_history/")[0].split("/")
    return "/".join(parts[-2:]) if len(parts) > 2 else text.partition("/_history/")[0]


def _listed(value: Any) -> list[Tree]:
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, dict)]


def _references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        reference = tree.get("reference")
        if isinstance(reference, str):
            yield reference
        for value in tree.values():
            yield from _references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _references(value)
