"""The effectiveTimes of a treatment (IVL_TS, PIVL_TS, EIVL_TS, SXPR_TS) <-> Timing."""

from collections.abc import Iterator

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.quantities import UCUM, build_quantity, parse_number
from usager_cda.datatypes.times import Interval, build_interval, ts_node
from usager_cda.tree import XSI_TYPE, Element, Node, attribute, child, children

# UCUM -> FHIR UnitsOfTime; the same words but for these.
UNITS = ("s", "min", "h", "d", "wk", "mo", "a")
# R4 has the events of HL7 v3 TimingEvent as they are, save these.
EVENTS = frozenset(["HS", "WAKE", "C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV", "PC", "PCM", "PCD", "PCV"])
UNDOSED = {"IC": "C", "ICM": "CM", "ICD": "CD", "ICV": "CV"}
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "wk": 604800}


def kind_of(element: Element) -> str:
    """Return the datatype of an effectiveTime; an interval when it does not say."""
    return (element.get(XSI_TYPE) or "IVL_TS").rpartition(":")[2]


def flattened(element: Element) -> Iterator[Element]:
    """Yield the simple times of an effectiveTime: those inside a SXPR_TS, else itself."""
    if kind_of(element) == "SXPR_TS":
        for inner in children(element, "comp"):
            yield from flattened(inner)
    else:
        yield element


def parse_repeat(element: Element) -> Tree:
    """Return the part of Timing.repeat that a PIVL_TS or an EIVL_TS says. Errors: ValueError."""
    if kind_of(element) == "EIVL_TS":
        code = attribute(child(element, "event"), "code") or ""
        when = UNDOSED.get(code, code)
        return {"when": [when]} if when in EVENTS else {}
    return _period(child(element, "period"))


def _period(period: Element | None) -> Tree:
    value, unit = parse_number(attribute(period, "value")), attribute(period, "unit")
    if value is None or unit not in UNITS or value <= 0:
        return {}
    return {"frequency": 1, "period": value, "periodUnit": unit}


def bounds_duration(element: Element) -> Tree:
    """Return the width of an interval as a Duration; empty without one. Errors: ValueError."""
    width = child(element, "width")
    value, unit = parse_number(attribute(width, "value")), attribute(width, "unit")
    if value is None or unit not in UNITS:
        return {}
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def build_times(timing: Tree, period: Tree | None, *, as_expression: bool, words: Node | None) -> list[Node]:
    """Return the effectiveTimes of a dosage: its period, then its rhythm; one SXPR_TS when as_expression.

    Shape   words is the reference to how the narrative says the rhythm.
    """
    repeat = timing.get("repeat") or {}
    made = [_bounds(repeat, period), _rhythm(repeat, words)]
    parts = [each for each in made if each is not None]
    if not as_expression:
        return parts
    for part in parts:
        part.tag = part.tag.replace("effectiveTime", "comp")
        part.set("operator", "A")
    whole = add(node("effectiveTime"), *parts)
    whole.set(XSI_TYPE, "SXPR_TS")
    return [whole]


def _bounds(repeat: Tree, period: Tree | None) -> Node | None:
    told = repeat.get("boundsPeriod") or period
    duration = repeat.get("boundsDuration")
    if not told and not duration:
        return None
    if duration:
        low = ts_node("low", (told or {}).get("start"))
        made: Node | None = add(node("effectiveTime"), low, build_quantity("width", duration))
    else:
        made = build_interval("effectiveTime", Interval((told or {}).get("start"), (told or {}).get("end")))
        if made is not None and not (told or {}).get("end"):
            made.append(node("high", nullFlavor="UNK"))
    if made is not None:
        made.set(XSI_TYPE, "IVL_TS")
    return made


def _rhythm(repeat: Tree, words: Node | None) -> Node | None:
    when = next(iter(repeat.get("when", ())), None)
    if when:
        made = add(node("effectiveTime", operator="A"), node("event", code=when))
        made.set(XSI_TYPE, "EIVL_TS")
        return made
    value, unit = _period_of(repeat)
    if value is None and words is None:
        return None
    period = node("period", nullFlavor="UNK") if value is None else node("period", value=value, unit=unit)
    if words is not None:
        period.append(add(node("translation"), add(node("originalText"), words)))
    made = add(node("effectiveTime", operator="A"), period)
    made.set(XSI_TYPE, "PIVL_TS")
    return made


def _period_of(repeat: Tree) -> tuple[str | None, str | None]:
    """Return the time between two takings: three a day is one every 8 hours."""
    period, unit, frequency = repeat.get("period"), repeat.get("periodUnit"), repeat.get("frequency", 1)
    if period is None or unit is None:
        return None, None
    if frequency == 1:
        return str(period), unit
    seconds = float(str(period)) * SECONDS.get(unit, 0) / int(frequency)
    if seconds and seconds % 3600 == 0:
        return str(int(seconds // 3600)), "h"
    return (str(round(seconds / 60)), "min") if seconds else (str(period), unit)
