"""How a treatment is taken (effectiveTime, routeCode, doseQuantity ... and sub-doses) <-> Dosage."""

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import ORIGINAL_TEXT, filled, value_of
from usager_cda.datatypes.quantities import (
    build_range,
    build_ratio,
    parse_quantity,
    parse_range,
    parse_ratio,
)
from usager_cda.datatypes.schedules import bounds_duration, build_times, flattened, kind_of, parse_repeat
from usager_cda.datatypes.times import period_from_interval
from usager_cda.structured import french
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, said
from usager_cda.tree import Element, Node, child, descendant, local_tag


def read_dosage(statement: Statement, reading: Reading, *, keeps_period: bool) -> tuple[Tree, Tree]:
    """Return the Dosage of a substanceAdministration and the period it runs over.

    Shape   keeps_period puts that period inside the Dosage, for a sub-dose.
    """
    timing, period = _timing(statement, reading)
    if keeps_period and period and "boundsDuration" not in timing.get("repeat", {}):
        timing.setdefault("repeat", {})["boundsPeriod"] = period
    dose = _dose(statement.first("doseQuantity"), reading, "dose")
    rate = _dose(statement.first("rateQuantity"), reading, "rate")
    maximum = _maximum(statement.first("maxDoseQuantity"), reading)
    made = filled(
        {
            "timing": timing,
            "asNeededCodeableConcept": _condition(statement, reading),
            "site": reading.concept(statement.first("approachSiteCode")),
            "route": reading.concept(statement.first("routeCode")),
            "doseAndRate": [{**dose, **rate}] if dose or rate else None,
            "maxDosePerPeriod": maximum,
        }
    )
    return made, period


def _timing(statement: Statement, reading: Reading) -> tuple[Tree, Tree]:
    timing: Tree = {}
    period: Tree = {}
    for outer in statement.every("effectiveTime"):
        for element in flattened(outer):
            try:
                if kind_of(element) in ("PIVL_TS", "EIVL_TS"):
                    _add_rhythm(timing, element, reading)
                else:
                    period |= _period(timing, element, reading)
            except ValueError as error:
                reading.reader.report(element, f"{error}; it is left out")
    return timing, period


def _add_rhythm(timing: Tree, element: Element, reading: Reading) -> None:
    for name in ("phase", "offset"):
        inner = child(element, name)
        if inner is not None and (len(inner) or inner.get("value")):
            reading.reader.report(inner, f"The {name} of a rhythm is kept in the original document only", "information")
    repeat = parse_repeat(element)
    if repeat:
        timing.setdefault("repeat", {}).update(repeat)
    words = reading.words_at(descendant(element, "period/translation/originalText"))
    if words:
        timing["code"] = {"text": words}


def _period(timing: Tree, element: Element, reading: Reading) -> Tree:
    interval = reading.reader.interval(element)
    duration = bounds_duration(element)
    if duration:
        timing.setdefault("repeat", {})["boundsDuration"] = duration
    if interval is None or not (interval.low or interval.high):
        return {}
    return period_from_interval(interval)


def _dose(element: Element | None, reading: Reading, name: str) -> Tree:
    """Return doseQuantity or doseRange; rateQuantity or rateRange."""
    if element is None:
        return {}
    try:
        if element.get("value"):
            return {f"{name}Quantity": parse_quantity(element)}
        bounds = parse_range(element)
        for side in bounds:
            words = reading.words_at(descendant(element, f"{side}/translation/originalText"))
            if words:
                bounds[side]["extension"] = [{"url": ORIGINAL_TEXT, "valueString": words}]
    except ValueError as error:
        reading.reader.report(element, f"{error}; it is left out")
        return {}
    if bounds.get("low") and bounds.get("low") == bounds.get("high"):
        return {f"{name}Quantity": bounds["low"]}
    return {f"{name}Range": bounds} if bounds else {}


def _maximum(element: Element | None, reading: Reading) -> Tree:
    if element is None:
        return {}
    try:
        found = parse_ratio(element)
    except ValueError as error:
        reading.reader.report(element, f"{error}; it is left out")
        return {}
    # R4 (rat-1): both or none; a maximum that is one and not the other is an amount in one taking.
    return found if len(found) == 2 else {}


def _condition(statement: Statement, reading: Reading) -> Tree | None:
    """Return when a treatment is taken as needed."""
    found = statement.first("precondition")
    criterion = child(found, "criterion")
    words = reading.words_at(child(criterion, "text"))
    concept = reading.concept(child(criterion, "code"))
    return concept or ({"text": words} if words else None)


def times_of(dosage: Tree, period: Tree | None, row: Row, *, as_expression: bool = False) -> list[Node]:
    """Return the effectiveTimes of a Dosage."""
    timing = dosage.get("timing") or {}
    words = rhythm(timing)
    spoken = (timing.get("code") or {}).get("text")
    reference = row.say("Fréquence", spoken) if spoken else None
    if not spoken:
        row.tell("Fréquence", words)
    return build_times(timing, period, as_expression=as_expression, words=reference)


def rhythm(timing: Tree) -> str | None:
    """Return the rhythm of a Timing in words."""
    repeat = timing.get("repeat") or {}
    if (timing.get("code") or {}).get("text"):
        return str(timing["code"]["text"])
    period, unit = repeat.get("period"), french.EVERY.get(repeat.get("periodUnit", ""))
    if period is None or unit is None:
        return " ".join(repeat.get("when", ())) or None
    times = repeat.get("frequency", 1)
    many = f"{period} {unit}s" if period != 1 and unit != "mois" else unit if period == 1 else f"{period} {unit}"
    return f"{times} fois par {unit}" if period == 1 else f"{times} fois toutes les {many}"


def build_dosage(dosage: Tree, writing: Writing, row: Row) -> list[Node]:
    """Return routeCode, approachSiteCode, doseQuantity, rateQuantity and maxDoseQuantity of a Dosage."""
    made: list[Node | None] = []
    route, site = dosage.get("route"), dosage.get("site")
    if route:
        made.append(writing.coded("routeCode", route, row.say("Voie d'administration", said(route))))
    if site:
        made.append(writing.coded("approachSiteCode", site, row.say("Site", said(site))))
    both: Tree = next(iter(dosage.get("doseAndRate", ())), {})
    made.append(_build_amount("doseQuantity", both, "dose", row, "Dose"))
    made.append(_build_amount("rateQuantity", both, "rate", row, "Débit"))
    if dosage.get("maxDosePerPeriod"):
        maximum = dosage["maxDosePerPeriod"]
        row.tell("Dose maximale", french.said("valueRatio", maximum))
        made.append(build_ratio("maxDoseQuantity", maximum, typed=None))
    return [each for each in made if each is not None]


def _build_amount(tag: str, both: Tree, name: str, row: Row, heading: str) -> Node | None:
    amount = both.get(f"{name}Quantity")
    # The CI-SIS wants both bounds, of a single amount too.
    bounds = {"low": amount, "high": amount} if amount else both.get(f"{name}Range")
    if not bounds:
        return None
    made = build_range(tag, bounds)
    for side in made:
        words = value_of(bounds[local_tag(side.tag)], ORIGINAL_TEXT, "valueString")
        if words:
            side.append(add(node("translation"), add(node("originalText"), row.say(heading, words))))
    row.tell(heading, french.amounts(bounds))
    return made
