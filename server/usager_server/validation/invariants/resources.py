"""Invariants of resources that say which properties go together."""

from collections.abc import Iterator

from usager_server.validation.invariants.moments import is_after
from usager_server.validation.invariants.patterns import (
    Node,
    absent,
    at_most_one,
    coded,
    distinct,
    either,
    has,
    needs,
    one_of,
    says,
    some,
)
from usager_server.validation.walk import Predicate, Walk

ALLERGY_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
PROFILED = frozenset({"boolean", "decimal", "integer", "string", "text", "url", "open-choice"})


def _choice(node: Node, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in node)


def _metadata_free(*names: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        if "contained" not in node:
            return True
        return not any(name in inner.get("meta", ()) for inner in node["contained"] for name in names)

    return holds


def _flat(node: Node, walk: Walk) -> bool:
    return "contained" not in node or not any("contained" in inner for inner in node["contained"])


def _strings(tree: object) -> Iterator[str]:
    if type(tree) is dict:
        for name, value in tree.items():
            if type(value) is str:
                if name != "div" and value.startswith("#"):
                    yield value
            else:
                yield from _strings(value)
    elif type(tree) is list:
        for value in tree:
            yield from [value] if type(value) is str and value.startswith("#") else _strings(value)


def _referred(node: Node, walk: Walk) -> bool:
    """Hold when each contained resource is referred to, or refers to its container (dom-3)."""
    if "contained" not in node or node is not walk.container:
        return True
    used = set(_strings(node))
    return all(f"#{inner.get('id')}" in used or "#" in _strings(inner) for inner in node["contained"])


def _identity(coding: Node) -> str:
    return repr(sorted(coding.items()))


def _observed(node: Node, walk: Walk) -> bool:
    """Hold when no component repeats the code of an Observation that has a value (obs-7)."""
    if "component" not in node or not _choice(node, "value"):
        return True
    own = {_identity(coding) for coding in node.get("code", {}).get("coding", ())}
    codings = (coding for component in node["component"] for coding in component.get("code", {}).get("coding", ()))
    return not any(_identity(coding) in own for coding in codings)


def _allergy_active(node: Node, walk: Walk) -> bool:
    return has(node, "clinicalStatus") or coded(
        node.get("verificationStatus"), ALLERGY_VERIFICATION, "entered-in-error"
    )


def _allergy_error(node: Node, walk: Walk) -> bool:
    wrong = coded(node.get("verificationStatus"), ALLERGY_VERIFICATION, "entered-in-error")
    return not (wrong and has(node, "clinicalStatus"))


def _condition_abated(node: Node, walk: Walk) -> bool:
    over = coded(node.get("clinicalStatus"), CONDITION_CLINICAL, "resolved", "remission", "inactive")
    return over or not _choice(node, "abatement")


def _condition_error(node: Node, walk: Walk) -> bool:
    wrong = coded(node.get("verificationStatus"), CONDITION_VERIFICATION, "entered-in-error")
    return not (wrong and has(node, "clinicalStatus"))


def _appointment_times(node: Node, walk: Walk) -> bool:
    return has(node, "start") == has(node, "end")


def _appointment_set(node: Node, walk: Walk) -> bool:
    timed = has(node, "start") and has(node, "end")
    return timed or node.get("status") in ("proposed", "cancelled", "waitlist")


def _appointment_cancelled(node: Node, walk: Walk) -> bool:
    return not has(node, "cancelationReason") or node.get("status") in ("noshow", "cancelled")


def _parameter(node: Node, walk: Walk) -> bool:
    value, resource = _choice(node, "value") or _choice(node, "_value"), "resource" in node
    return value + resource == (0 if "part" in node else 1)


def _ordered(earlier: str, later: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        return earlier not in node or later not in node or not is_after(node[earlier], node[later])

    return holds


def _not_at_home(node: Node, walk: Walk) -> bool:
    return node.get("use") != "home"


def _named(node: Node, walk: Walk) -> bool:
    return has(node, "identifier") or has(node, "name")


def _scoped(code: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        return has(node, "patient") or not coded(node.get("scope"), "something", code)

    return holds


def _link_ids(items: list[Node]) -> Iterator[str]:
    for item in items:
        yield item.get("linkId", "")
        yield from _link_ids(item.get("item", []))


def _question_ids(node: Node, walk: Walk) -> bool:
    return distinct(_link_ids(node.get("item", [])))


def _question_group(node: Node, walk: Walk) -> bool:
    kind = node.get("type")
    return (kind != "group" or "item" in node) and (kind != "display" or "item" not in node)


def _question_length(node: Node, walk: Walk) -> bool:
    return "maxLength" not in node or node.get("type") in PROFILED


def _question_enabled(node: Node, walk: Walk) -> bool:
    return len(node.get("enableWhen", ())) <= 2 or has(node, "enableBehavior")


def _question_initial(node: Node, walk: Walk) -> bool:
    return node.get("repeats") is True or len(node.get("initial", ())) <= 1


def _question_exists(node: Node, walk: Walk) -> bool:
    return node.get("operator") != "exists" or "answerBoolean" in node


_not_displayed = either(absent("type"), lambda node, walk: node.get("type") != "display")
_OPTIONED = ("choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity")
_OBSERVED_VALUES = (
    "valueQuantity",
    "valueCodeableConcept",
    "valueString",
    "valueBoolean",
    "valueInteger",
    "valueRange",
    "valueRatio",
    "valueSampledData",
    "valueTime",
    "valueDateTime",
    "valuePeriod",
)

RESOURCES: dict[str, Predicate] = {
    "dom-2": _flat,
    "dom-3": _referred,
    "dom-4": _metadata_free("versionId", "lastUpdated"),
    "dom-5": _metadata_free("security"),
    "dom-6": some("text"),
    "pat-1": some("name", "telecom", "address", "organization"),
    "obs-3": some("low", "high", "text"),
    "obs-6": either(absent("dataAbsentReason"), absent(*_OBSERVED_VALUES)),
    "obs-7": _observed,
    "ait-1": _allergy_active,
    "ait-2": _allergy_error,
    "con-1": some("summary", "assessment"),
    "con-2": some("code", "detail"),
    "con-4": _condition_abated,
    "con-5": _condition_error,
    "app-1": some("type", "actor"),
    "app-2": _appointment_times,
    "app-3": _appointment_set,
    "app-4": _appointment_cancelled,
    "apr-1": some("participantType", "actor"),
    "cpl-3": at_most_one("detail", "reference"),
    "cmp-1": some("text", "entry", "section"),
    "cmp-2": at_most_one("emptyReason", "entry"),
    "Parameters.parameter:inv-1": _parameter,
    "Task:inv-1": _ordered("authoredOn", "lastModified"),
    "mdd-1": _ordered("whenPrepared", "whenHandedOver"),
    "mad-1": some("dose", "rateRatio", "rateQuantity"),
    "org-1": _named,
    "org-2": _not_at_home,
    "org-3": _not_at_home,
    "ipn-1": _named,
    "ppc-1": some("policy", "policyRule"),
    "ppc-2": _scoped("patient-privacy"),
    "ppc-3": _scoped("research"),
    "ppc-4": _scoped("adr"),
    "ppc-5": _scoped("treatment"),
    "prr-1": needs("orderDetail", "code"),
    "sev-1": at_most_one("name", "query"),
    "imm-1": some("documentType", "reference"),
    "imr-1": some("vaccineCode", "targetDisease"),
    "lst-1": at_most_one("emptyReason", "entry"),
    "ces-1": one_of("category", "productOrService"),
    "rqg-1": one_of("resource", "action"),
    "grp-1": either(absent("member"), says("actual", True)),
    "qrs-1": at_most_one("answer", "item"),
    "que-1": _question_group,
    "que-2": _question_ids,
    "que-3": either(_not_displayed, absent("code")),
    "que-4": at_most_one("answerOption", "answerValueSet"),
    "que-5": either(says("type", *_OPTIONED), absent("answerValueSet", "answerOption")),
    "que-6": either(_not_displayed, absent("required", "repeats")),
    "que-7": _question_exists,
    "que-9": either(_not_displayed, absent("readOnly")),
    "que-10": _question_length,
    "que-11": at_most_one("answerOption", "initial"),
    "que-12": _question_enabled,
    "que-13": _question_initial,
    "cmd-2": either(lambda node, walk: node.get("mode") != "fixed", some("code")),
    "cmd-3": either(lambda node, walk: node.get("mode") != "other-map", some("url")),
    "vsd-1": some("valueSet", "system"),
    "vsd-2": either(absent("concept", "filter"), some("system")),
    "vsd-3": at_most_one("concept", "filter"),
    "vsd-6": some("code", "display"),
    "vsd-9": either(some("code"), says("abstract", True)),
    "vsd-10": needs("code", "system"),
    "cpb-9": lambda node, walk: distinct(resource.get("type") for resource in node.get("resource", ())),
    "cpb-12": lambda node, walk: distinct(parameter.get("name") for parameter in node.get("searchParam", ())),
}
