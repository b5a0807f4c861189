"""The values at a discriminator's path: the restricted FHIRPath of slicing, on the raw tree."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from usager_server.definitions import Definitions
from usager_server.validation.walk import Walk

Item = tuple[Any, str]
"""A raw value and its FHIR type ("" when it is not known)."""

Select = Callable[[Item, Walk], list[Item]]

_STEP = re.compile(r"\$this|[A-Za-z]\w*(?:\[x\])?(?:\('[^']*'\)|\([A-Za-z.]*\))?")
_CALL = re.compile(r"(\w+)\('?([^')]*)'?\)")


def steps_of(path: str) -> list[str]:
    """Return the steps of a discriminator's path: names, extension('url'), ofType(X), resolve(); none for $this."""
    return [step for step in _STEP.findall(path) if step != "$this"]


def select(item: Item, steps: Sequence[str], walk: Walk, definitions: Definitions) -> list[Item]:
    """Return the values that the steps lead to."""
    items = [item]
    for step in steps:
        if step == "$this":
            continue
        items = [found for each in items for found in _step(each, step, walk, definitions)]
    return items


def _step(item: Item, step: str, walk: Walk, definitions: Definitions) -> Iterator[Item]:
    value, kind = item
    call = _CALL.fullmatch(step)
    if call is None:
        yield from children(value, kind, step.removesuffix("[x]"), definitions)
    elif call[1] == "extension":
        found = value.get("extension", ()) if type(value) is dict else ()
        yield from ((each, "Extension") for each in found if each.get("url") == call[2])
    elif call[1] == "ofType":
        if definitions.is_a(kind, call[2]):
            yield item
    elif call[1] == "resolve":
        resource = resolve(value, walk)
        if resource is not None:
            yield resource, resource.get("resourceType", "")


def children(value: Any, kind: str, name: str, definitions: Definitions) -> Iterator[Item]:
    """Yield the children of that name, choices included."""
    if type(value) is not dict:
        return
    properties = definitions.property_map(kind)
    if name in value:
        names = [(name, properties[name][1] if name in properties else "")]
    else:
        names = [(each, found[1]) for each, found in properties.items() if found[0].name == name and each in value]
    for each, child_kind in names:
        found = value[each]
        yield from ((one, child_kind) for one in (found if type(found) is list else [found]) if one is not None)


def resolve(value: Any, walk: Walk) -> dict[str, Any] | None:
    """Return what a reference points at, when it is contained or in the same Bundle."""
    reference = value.get("reference") if type(value) is dict else value
    if type(reference) is not str:
        return None
    if reference.startswith("#"):
        return walk.contained.get(reference[1:])
    return walk.bundle.get(reference)


def by_reference(bundle: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of a Bundle by what may be written in a reference to them: full URLs, and their type/id."""
    found: dict[str, Any] = {}
    entries = bundle.get("entry", ()) if bundle.get("resourceType") == "Bundle" else ()
    for entry in entries if type(entries) is list else ():
        url = entry.get("fullUrl") if type(entry) is dict else None
        if type(url) is str and type(entry.get("resource")) is dict:
            found.setdefault(url, entry["resource"])
            found.setdefault("/".join(url.rsplit("/", 2)[-2:]), entry["resource"])
    return found


def reference_type(value: Any, walk: Walk, definitions: Definitions) -> str | None:
    """Return the type a reference points at: by what it resolves to, its form or its `type`; None when unknown."""
    resource = resolve(value, walk)
    if resource is not None:
        return resource.get("resourceType")
    for name in _said_types(value):
        if name in definitions.resource_types:
            return name
    return None


def _said_types(value: Any) -> Iterator[str]:
    if type(value) is not dict:
        return
    parts = str(value.get("reference", "")).partition("/_history/")[0].partition("?")[0].split("/")
    yield parts[-2] if len(parts) > 1 else parts[0]
    yield str(value.get("type", "")).rpartition("/")[2]
