"""_summary and _elements: a resource with only some of its elements, marked SUBSETTED."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from usager_server.definitions import Definitions, Element, Type
from usager_server.errors import Invalid
from usager_server.jsontext import build_json, parse_json

SUMMARIES = ("true", "text", "data", "count", "false")
ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


@dataclass(frozen=True, slots=True)
class Subset:
    """What to keep of a resource. summary is true, text, data, count or None; elements are names at the root."""

    summary: str | None = None
    elements: tuple[str, ...] = ()


WHOLE = Subset()


def parse_subset(query: Iterable[tuple[str, str]]) -> Subset:
    """Return what `_summary` and `_elements` ask for. Errors: Invalid (400) on an unknown summary."""
    summary: str | None = None
    elements: list[str] = []
    for name, value in query:
        if name == "_summary":
            summary = value
        elif name == "_elements":
            elements += [element.strip() for element in value.split(",") if element.strip()]
    return make_subset(summary, elements)


def make_subset(summary: str | None, elements: Iterable[str]) -> Subset:
    """Return the subset of these values; `_summary=false` is the whole resource."""
    if summary is not None and summary not in SUMMARIES:
        raise Invalid(f"_summary is one of {', '.join(SUMMARIES)}, not {summary!r}", code="value")
    return Subset(None if summary == "false" else summary, tuple(elements))


def subset_text(definitions: Definitions, document: str, subset: Subset) -> str:
    """Return the JSON text of the part of a resource that the subset keeps."""
    return build_json(subset_tree(definitions, parse_json(document.encode()), subset)).decode()


def subset_tree(definitions: Definitions, resource: dict[str, Any], subset: Subset) -> dict[str, Any]:
    """Return the part of a resource that the subset keeps, tagged SUBSETTED.

    Source  FHIR R4 search.html#summary, #elements: mandatory and modifier elements stay, so that what is left is valid
            and cannot be misread.
    """
    root = definitions.types.get(str(resource.get("resourceType")))
    if root is None:
        return resource
    if subset.elements:
        kept = _only(resource, _named_elements(root, subset.elements))
    elif subset.summary == "true":
        kept = _summarised(resource, root, definitions.types)
    elif subset.summary == "text":
        kept = _only(resource, _text_elements(root))
    elif subset.summary == "data":
        kept = {name: value for name, value in resource.items() if name not in ("text", "_text")}
    else:
        return resource
    return _tagged(kept)


def _only(tree: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name.removeprefix("_") in names}


def _named_elements(root: Type, elements: Iterable[str]) -> frozenset[str]:
    wanted = {name.removeprefix(f"{root.name}.").split(".")[0] for name in elements}
    names = set(ALWAYS)
    for element in root.elements:
        if element.name in wanted or element.min > 0 or element.modifier:
            names.update(json_names(element))
    return frozenset(names)


def _text_elements(root: Type) -> frozenset[str]:
    names = set(ALWAYS) | {"text"}
    for element in root.elements:
        if element.min > 0:
            names.update(json_names(element))
    return frozenset(names)


def _summarised(tree: dict[str, Any], of: Type, types: Mapping[str, Type]) -> dict[str, Any]:
    """Keep the summary elements, at every backbone level; a datatype is kept or left whole."""
    kept: dict[str, Any] = {}
    elements = _summary_elements(of)
    for name, value in tree.items():
        element = elements.get(name.removeprefix("_"))
        if element is not None:
            nested = types.get(element.types[0]) if len(element.types) == 1 and "." in element.types[0] else None
            kept[name] = value if nested is None else _summarised_values(value, nested, types)
        elif name in ALWAYS:
            kept[name] = value
    return kept


def _summarised_values(value: Any, of: Type, types: Mapping[str, Type]) -> Any:
    if isinstance(value, list):
        return [_summarised_values(item, of, types) for item in value]
    return _summarised(value, of, types) if isinstance(value, dict) else value


def _summary_elements(of: Type) -> Mapping[str, Element]:
    found = _SUMMARY_ELEMENTS.get(of.name)
    if found is None:
        found = {name: e for e in of.elements if e.summary or e.min > 0 for name in json_names(e)}
        _SUMMARY_ELEMENTS[of.name] = found
    return found


_SUMMARY_ELEMENTS: dict[str, Mapping[str, Element]] = {}


@lru_cache(maxsize=4096)
def choice_name(name: str, type_code: str) -> str:
    """Return the JSON name of a choice element for one of its types: value[x] as a Quantity is valueQuantity."""
    return name + type_code[0].upper() + type_code[1:]


def json_names(element: Element) -> list[str]:
    """Return the names an element has in JSON: one, or one for each type of a choice."""
    if element.choice:
        return [choice_name(element.name, code) for code in element.types]
    return [element.name]


def _tagged(resource: dict[str, Any]) -> dict[str, Any]:
    meta = dict(resource.get("meta") or {})
    tags = [tag for tag in meta.get("tag", []) if tag.get("code") != SUBSETTED["code"]]
    meta["tag"] = [*tags, SUBSETTED]
    head = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    return head | {"meta": meta} | {name: value for name, value in resource.items() if name not in (*head, "meta")}


def is_subsetted(resource: dict[str, Any]) -> bool:
    """Say whether a resource is only a part, as its tag declares."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return any(tag.get("code") == SUBSETTED["code"] and tag.get("system") == SUBSETTED["system"] for tag in tags or ())
