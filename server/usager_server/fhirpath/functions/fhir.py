"""What FHIR adds: resolve, memberOf, conformsTo, htmlChecks. Source: FHIR R4 fhirpath.html."""

from collections.abc import Iterator, Mapping
from typing import Any

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.functions.strings import text
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Compiled, Failure, Frame, Items, Node
from usager_server.fhirpath.values import single, value_of

_BASE = "http://hl7.org/fhir/StructureDefinition/"


@function("resolve")
def resolve(frame: Frame, source: Items) -> Items:
    """Return the resources that references point at: contained, in the same Bundle, or found by the environment."""
    found = []
    for item in source:
        reference = _reference(item)
        target = _target(frame, reference) if reference else None
        if target is not None:
            found.append(target)
    frame.run.spend(len(found))
    return found


def _reference(item: Any) -> str | None:
    is_complex = isinstance(item, Node) and isinstance(item.value, dict)
    found = item.value.get("reference") if is_complex else value_of(item)
    return found if isinstance(found, str) else None


def _target(frame: Frame, reference: str) -> Node | None:
    root = frame.run.root_resource
    if reference.startswith("#"):
        return root if reference == "#" else _contained(root, reference[1:])
    if (inside := _in_bundle(root, reference)) is not None:
        return inside
    find = frame.run.environment.resolve
    resource = find(reference) if find else None
    return Node(resource, str(resource.get("resourceType", "Resource"))) if resource else None


def _contained(root: Node, identifier: str) -> Node | None:
    held = root.value.get("contained") if isinstance(root.value, dict) else None
    for index, resource in enumerate(held if isinstance(held, list) else ()):
        if isinstance(resource, dict) and resource.get("id") == identifier:
            return Node(resource, str(resource.get("resourceType", "Resource")), root, "contained", index)
    return None


def _in_bundle(root: Node, reference: str) -> Node | None:
    while root.parent is not None:
        root = root.parent
    if root.type != "Bundle" or not isinstance(root.value, dict):
        return None
    for url, resource in _entries(root.value):
        if url == reference or (url.endswith("/" + reference) and "://" not in reference):
            return Node(resource, str(resource.get("resourceType", "Resource")))
    return None


def _entries(bundle: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield str(entry.get("fullUrl", "")), entry["resource"]


@function("memberOf", 1)
def member_of(frame: Frame, source: Items, value_set: Compiled) -> Items:
    """Tell whether a code, Coding or CodeableConcept is in a value set; empty when its codes cannot be listed."""
    canonical = text(value_set(frame))
    if canonical is None or len(source) != 1:
        return EMPTY
    listed = frame.run.definitions.value_sets.get(canonical.partition("|")[0])
    if listed is None:
        return EMPTY
    return TRUE if any(_is_listed(listed, *coding) for coding in _codings(source[0])) else FALSE


def _codings(item: Any) -> Iterator[tuple[str | None, Any]]:
    value = item.value if isinstance(item, Node) else item
    if isinstance(value, dict) and isinstance(value.get("coding"), list):
        yield from ((part.get("system", ""), part.get("code")) for part in value["coding"] if isinstance(part, dict))
    elif isinstance(value, dict):
        yield value.get("system", ""), value.get("code")
    else:
        yield None, value


def _is_listed(listed: Mapping[str, frozenset[str]], system: str | None, code: Any) -> bool:
    if system is None:
        return any(code in codes for codes in listed.values())
    return code in listed.get(system, ())


@function("conformsTo", 1)
def conforms_to(frame: Frame, source: Items, profile: Compiled) -> Items:
    """Tell whether the one item conforms to a profile: a type of R4, or one that the environment can judge."""
    canonical = text(profile(frame))
    if canonical is None or len(source) != 1 or not isinstance(source[0], Node):
        return EMPTY
    definitions = frame.run.definitions
    name = canonical.partition("|")[0].removeprefix(_BASE)
    if name in definitions.types:
        return TRUE if definitions.is_a(source[0].type, name) else FALSE
    judge = frame.run.environment.conforms_to
    verdict = judge(source[0], canonical) if judge else None
    if verdict is None:
        raise Failure(f"the profile {canonical} is not known here")
    return TRUE if verdict else FALSE


@function("htmlChecks")
def html_checks(frame: Frame, source: Items) -> Items:
    """Tell whether a narrative holds only what R4 allows; empty when the environment cannot judge."""
    judge = frame.run.environment.safe_narrative
    value = single(source)
    if judge is None or not isinstance(value, str):
        return EMPTY
    return TRUE if judge(value) else FALSE
