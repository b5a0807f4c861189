"""The value of an observation: any CDA datatype named by xsi:type <-> value[x]."""

import re
from typing import Any

from usager_cda.building import node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_concept
from usager_cda.datatypes.extensions import put_extension, value_of
from usager_cda.datatypes.nulls import FLAVORS, REASONS
from usager_cda.datatypes.quantities import build_quantity, build_range, build_ratio
from usager_cda.datatypes.times import Interval, build_interval, build_ts
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import XSI_TYPE, Element, Node

ABSENT_REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
# The CDA datatype of a value that is absent, or that FHIR has one type for where CDA has two.
CDA_TYPE = f"{EXTENSIONS}/cda-type"
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
CODED = frozenset({"CD", "CE", "CV", "CO", "CS"})
POSITIVE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**31), 2**31 - 1


def type_of(element: Element) -> str:
    """Return the CDA datatype of a value, without its prefix."""
    return (element.get(XSI_TYPE) or "").rpartition(":")[2]


def absent_value(null: str | None, kind: str) -> Tree:
    """Return the dataAbsentReason of a value that is not there; it remembers the datatype it would have."""
    made: Tree = {"coding": [{"system": ABSENT_REASONS, "code": REASONS.get(null or "", "unknown")}]}
    put_extension(made, CDA_TYPE, valueCode=kind or None)
    return {"dataAbsentReason": made}


def build_value(resource: Tree, *, default: str = "CD", tag: str = "value") -> Node | None:
    """Return the value element of a resource with value[x]; None when it has neither value nor reason.

    Shape   default is the datatype of a value that is absent for a reason that does not tell it.
    """
    found = next((key for key in resource if key.startswith("value")), None)
    if found is not None:
        return _built(found, resource[found], tag)
    reason = resource.get("dataAbsentReason")
    if reason is None:
        return None
    codings = reason.get("coding") or [{}]
    made = node(tag, nullFlavor=FLAVORS.get(codings[0].get("code"), "UNK"))
    made.set(XSI_TYPE, value_of(reason, CDA_TYPE, "valueCode") or default)
    return made


def _built(kind: str, held: Any, tag: str) -> Node | None:
    match kind:
        case "valueCodeableConcept":
            return _typed("CD", build_code(tag, code_from_concept(held)))
        case "valueQuantity":
            return _quantity(held, tag)
        case "valueRange":
            return _typed("IVL_PQ", build_range(tag, held))
        case "valueRatio":
            return _typed("RTO_PQ_PQ", build_ratio(tag, held))
        case "valueBoolean":
            return _typed("BL", node(tag, value=str(held).lower()))
        case "valueInteger":
            return _typed("INT", node(tag, value=str(held)))
        case "valueDateTime":
            return _typed("TS", node(tag, value=build_ts(held)))
        case "valuePeriod":
            return _typed("IVL_TS", build_interval(tag, Interval(held.get("start"), held.get("end"))))
    return _typed("ST", node(tag, str(held)))


def _quantity(held: Tree, tag: str) -> Node:
    money = held.get("system") == "urn:iso:std:iso:4217"
    return build_quantity(tag, held, typed="MO" if money else "PQ")


def _typed(kind: str, element: Node | None) -> Node | None:
    if element is not None:
        element.set(XSI_TYPE, kind)
    return element
