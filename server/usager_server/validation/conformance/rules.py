"""What a profile says of one value: type, fixed or pattern, binding, length, targets."""

from collections.abc import Callable, Sequence
from typing import Any

from usager_server.definitions import Definitions
from usager_server.validation.conformance.items import Occurrence
from usager_server.validation.conformance.likeness import is_fixed, likeness
from usager_server.validation.conformance.outline import Outline
from usager_server.validation.conformance.registry import Codes, Conformance
from usager_server.validation.conformance.selection import reference_type, resolve
from usager_server.validation.conformance.slicing import Conforms, is_coded
from usager_server.validation.findings import Finding, Findings, one
from usager_server.validation.walk import Walk

Rule = Callable[[Occurrence, Walk], Findings | None]

_SHOWN = 60


def type_rule(outline: Outline, kinds: Sequence[str]) -> Rule | None:
    """Return the rule that narrows a choice to some types."""
    allowed = {each["code"] for each in outline.definition.get("type", ()) if "code" in each}
    if len(kinds) < 2 or not allowed or allowed >= set(kinds):
        return None
    listed = " or ".join(sorted(allowed))

    def rule(item: Occurrence, walk: Walk) -> Findings | None:
        if item.kind in allowed:
            return None
        return one("structure", f"the value is of type {item.kind}; the profile wants {listed}")

    return rule


def value_rule(outline: Outline) -> Rule | None:
    """Return the rule of a fixed[x] or pattern[x]."""
    fixed, pattern = outline.value("fixed"), outline.value("pattern")
    if fixed is not None:
        return _value_rule(lambda value: is_fixed(value, fixed), f"the profile fixes this value: {_shown(fixed)}")
    if pattern is not None:
        return _value_rule(likeness(pattern), f"the profile wants at least {_shown(pattern)}")
    return None


def _value_rule(holds: Callable[[Any], bool], text: str) -> Rule:
    def rule(item: Occurrence, walk: Walk) -> Findings | None:
        return None if item.value is None or holds(item.value) else one("value", text)

    return rule


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        codings = value.get("coding", [value])
        if all("code" in coding for coding in codings):
            return " and ".join(f"{coding.get('system', '')}#{coding['code']}" for coding in codings)
    return str(value)[:_SHOWN]


def binding_rule(outline: Outline, base: str | None, conformance: Conformance) -> Rule | None:
    """Return the rule of a binding to a known value set: required is an error, extensible a warning."""
    binding = outline.definition.get("binding", {})
    strength, canonical = binding.get("strength"), binding.get("valueSet", "").partition("|")[0]
    if strength not in ("required", "extensible") or canonical == base:
        return None
    codes = conformance.codes(canonical)
    return None if codes is None else _binding_rule(codes, canonical, strength == "required")


def _binding_rule(codes: Codes, canonical: str, required: bool) -> Rule:
    text = f"the code is not of {canonical}" + _listed(codes)
    severity = "error" if required else "warning"

    def rule(item: Occurrence, walk: Walk) -> Findings | None:
        if item.value is None:
            return None
        member = is_coded(item.value, codes)
        if member or (member is None and not required):
            return None
        return [
            Finding("code-invalid", text if member is False else f"a code of {canonical} is required", None, severity)
        ]

    return rule


def _listed(codes: Codes) -> str:
    listed = [code for each in codes.values() for code in sorted(each or ())]
    return f": one of {', '.join(listed)}" if 0 < len(listed) <= 24 and None not in codes.values() else ""


def length_rule(outline: Outline) -> Rule | None:
    """Return the rule of a maxLength."""
    limit = outline.definition.get("maxLength")
    if limit is None:
        return None

    def rule(item: Occurrence, walk: Walk) -> Findings | None:
        if type(item.value) is not str or len(item.value) <= limit:
            return None
        return one("too-long", f"the text has {len(item.value)} characters; the profile allows {limit}")

    return rule


def target_rule(
    outline: Outline, base: Sequence[str], definitions: Definitions, conformance: Conformance, conforms: Conforms
) -> Rule | None:
    """Return the rule of the target profiles of a reference.

    Shape   what a reference points at is looked into when it is contained or in the same Bundle; elsewhere only its
            type is judged. A target profile that is not installed is judged by nobody.
    """
    targets = [url for each in outline.definition.get("type", ()) for url in each.get("targetProfile", ())]
    types = {conformance.target_type(target) for target in targets}
    if not targets or None in types or "Resource" in types or (types == set(base) and not _profiled(targets)):
        return None

    def meets(resource: dict[str, Any], target: str, walk: Walk) -> bool:
        of_type = resource.get("resourceType") == conformance.target_type(target)
        return of_type and conforms(target, resource, walk) is None

    def rule(item: Occurrence, walk: Walk) -> Findings | None:
        kind = reference_type(item.value, walk, definitions)
        if kind is not None and kind not in types:
            return one("structure", f"points at a {kind}; the profile wants {' or '.join(sorted(map(str, types)))}")
        resource = resolve(item.value, walk)
        if resource is None or any(meets(resource, target, walk) for target in targets):
            return None
        return one("structure", f"what it points at conforms to none of {', '.join(targets)}")

    return rule


def _profiled(targets: Sequence[str]) -> bool:
    return any(not target.startswith("http://hl7.org/fhir/StructureDefinition/") for target in targets)
