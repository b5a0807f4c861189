"""Invariants of the datatypes, hot in every resource."""

from typing import Any

from usager_server.validation.invariants.moments import is_after
from usager_server.validation.invariants.patterns import Node, absent, both, either, has, needs, one_of, says, some
from usager_server.validation.walk import Predicate, Walk

UCUM = "http://unitsofmeasure.org"


def _period(node: Node, walk: Walk) -> bool:
    start, end = node.get("start"), node.get("end")
    return start is None or end is None or not is_after(start, end)


def _ratio(node: Node, walk: Walk) -> bool:
    numerator, denominator = has(node, "numerator"), has(node, "denominator")
    return numerator == denominator and (numerator or "extension" in node)


def _not_negative(name: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        return name not in node or float(node[name]) >= 0

    return holds


def _offset(node: Node, walk: Walk) -> bool:
    when = node.get("when", ())
    return "offset" not in node or bool(when and not set(when) & {"C", "CM", "CD", "CV"})


def _counted(node: Node, walk: Walk) -> bool:
    value = node.get("value")
    return node.get("code", "1") == "1" and (value is None or "." not in str(value))


def _positive(node: Node, walk: Walk) -> bool:
    return "value" not in node or float(node["value"]) > 0


def _trigger(node: Node, walk: Walk) -> bool:
    kind = node.get("type", "")
    timed = any(name.startswith("timing") for name in node)
    return (
        (kind != "named-event" or has(node, "name"))
        and (kind != "periodic" or timed)
        and (not kind.startswith("data-") or "data" in node)
    )


def _untimed(node: Node, walk: Walk) -> bool:
    return "data" not in node or not any(name.startswith("timing") for name in node)


def extension_holds(values: frozenset[str]) -> Predicate:
    """Return ext-1: a value or extensions, not both, not none."""

    def holds(node: dict[str, Any], walk: Walk) -> bool:
        return ("extension" in node) is values.isdisjoint(node)

    return holds


_measured = both(either(some("code"), absent("value")), either(absent("system"), says("system", UCUM)))

DATATYPES: dict[str, Predicate] = {
    "att-1": needs("data", "contentType"),
    "cpt-2": needs("value", "system"),
    "qty-3": needs("code", "system"),
    "sqty-1": absent("comparator"),
    "age-1": both(_measured, _positive),
    "cnt-3": both(_measured, _counted),
    "dis-1": _measured,
    "drt-1": either(absent("code"), both(says("system", UCUM), some("value"))),
    "per-1": _period,
    "rat-1": _ratio,
    "exp-1": some("expression", "reference"),
    "tim-1": needs("duration", "durationUnit"),
    "tim-2": needs("period", "periodUnit"),
    "tim-4": _not_negative("duration"),
    "tim-5": _not_negative("period"),
    "tim-6": needs("periodMax", "period"),
    "tim-7": needs("durationMax", "duration"),
    "tim-8": needs("countMax", "count"),
    "tim-9": _offset,
    "tim-10": either(absent("timeOfDay"), absent("when")),
    "trd-1": _untimed,
    "trd-2": needs("condition", "data"),
    "trd-3": _trigger,
    "drq-1": one_of("path", "searchParam"),
    "drq-2": one_of("path", "searchParam"),
}
