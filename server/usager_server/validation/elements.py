"""One element of an object: how often it may stand, and its siblings with an underscore."""

from collections.abc import Callable
from typing import Any

from usager_server.validation.findings import Finding, Findings, json_kind, one, under
from usager_server.validation.limits import FINDINGS_LIMIT
from usager_server.validation.walk import Check, Walk

PairCheck = Callable[[dict[str, Any], Walk], Findings | None]
"""Takes the object that bears a primitive and its underscored sibling."""

PAIRED: Findings = [Finding("structure", "an underscored property is judged with its sibling")]
"""What the checker of an underscored property answers: the object then judges the pair."""


def paired(value: Any, walk: Walk) -> Findings | None:
    """Ask for the judgement of the pair."""
    return PAIRED


def list_check(item: Check, minimum: int, maximum: int | None) -> Check:
    """Return the checker of an element that repeats."""

    counted = minimum > 1 or maximum is not None

    def check(value: Any, walk: Walk) -> Findings | None:
        if type(value) is not list:
            return one("structure", f"is {json_kind(value)}; this element repeats: an array is expected")
        if not value:
            return one("structure", "the array is empty; leave the element out instead")
        clock = walk.clock
        clock.left -= len(value)  # many short arrays, one inside another
        findings: Findings | None = None
        for index, each in enumerate(value):
            if clock.left < 0 or index & 63 == 63:  # or a long one
                clock.look()
            found = item(each, walk)
            if found is not None:
                findings = (findings or []) + under(f"[{index}]", found)
                if len(findings) > FINDINGS_LIMIT:
                    break
        if counted and findings is None and (len(value) < minimum or (maximum is not None and len(value) > maximum)):
            return one("structure", f"stands {len(value)} times; {_range(minimum, maximum)} expected")
        return findings

    return check


def _range(minimum: int, maximum: int | None) -> str:
    return f"{minimum} at least is" if maximum is None else f"from {minimum} to {maximum} is"


def pair_check(name: str, item: Check, element: Check, repeats: bool) -> PairCheck:
    """Return the checker of a primitive together with its underscored sibling, where ids and extensions stand.

    Shape   name is without the underscore; element checks an Element (id and extension).
    Source  FHIR R4 json.html#primitive: two arrays of one length, null filling the gaps of each.
    """

    def check(node: dict[str, Any], walk: Walk) -> Findings | None:
        extras = node["_" + name]
        if not repeats:
            return _element(extras, element, name in node, walk)
        values = node.get(name)
        if type(extras) is not list or not extras or (values is not None and type(values) is not list):
            return one("structure", f"{name} repeats: it and _{name} are arrays, not empty")
        if values is not None and len(values) != len(extras):
            text = f"{name} has {len(values)} items, _{name} {len(extras)}: null must fill the gaps of each"
            return one("structure", text)
        return _pairs(values or [None] * len(extras), extras, item, element, walk)

    return check


def _pairs(values: list[Any], extras: list[Any], item: Check, element: Check, walk: Walk) -> Findings | None:
    findings: Findings = []
    for index, (value, extra) in enumerate(zip(values, extras, strict=True)):
        findings += under(f"[{index}]", _pair(value, extra, item, element, walk) or [])
        if len(findings) > FINDINGS_LIMIT:
            break
    return findings or None


def _pair(value: Any, extra: Any, item: Check, element: Check, walk: Walk) -> Findings | None:
    if value is None and extra is None:
        return one("structure", "is null in both arrays: leave it out")
    found = [] if value is None else item(value, walk) or []
    return found + ([] if extra is None else _element(extra, element, value is not None, walk) or []) or None


def _element(extra: Any, element: Check, has_value: bool, walk: Walk) -> Findings | None:
    if has_value and type(extra) is dict and extra.keys() == {"id"} and type(extra["id"]) is str and extra["id"]:
        return None
    return element(extra, walk)
