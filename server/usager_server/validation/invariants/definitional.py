"""Invariants of ElementDefinition: a StructureDefinition has hundreds of them."""

import re
from typing import Any

from usager_server.validation.invariants.patterns import Node, absent, distinct, either, has, needs, says, some
from usager_server.validation.walk import Predicate, Walk

_SLICE_NAME = re.compile(r"[a-zA-Z0-9/\-_\[\]@]+\Z").match
_PATH_PART = r"[^\s.,:;'\"/|?!@#$%&*()\[\]{}]{1,64}"
_PATH = re.compile(rf"{_PATH_PART}(\.{_PATH_PART}(\[x\])?(:[^\s.]+)?)*", re.ASCII).search
_REFERENCES = says("code", "Reference", "canonical")
_REFERRED = ("type", "binding", "maxLength", "example")
_REFERRED_CHOICES = ("fixed", "pattern", "defaultValue", "minValue", "maxValue")


def _any(node: Node, prefixes: tuple[str, ...]) -> bool:
    return any(name.lstrip("_").startswith(prefixes) for name in node)


def _range(node: Node, walk: Walk) -> bool:
    low, high = node.get("min"), node.get("max")
    return low is None or high is None or not high.isdecimal() or low <= int(high)


def _maximum(value: Any, walk: Walk) -> bool:
    return bool(value == "*" or value.isdecimal())


def _referring(node: Node, walk: Walk) -> bool:
    if not has(node, "contentReference"):
        return True
    return not any(has(node, name) for name in _REFERRED) and not _any(node, _REFERRED_CHOICES)


def _one_type(prefix: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        return len(node.get("type", ())) < 2 or not _any(node, (prefix,))

    return holds


def _fixed_or_pattern(node: Node, walk: Walk) -> bool:
    return not (_any(node, ("fixed",)) and _any(node, ("pattern",)))


def _default_or_meaning(node: Node, walk: Walk) -> bool:
    return not has(node, "meaningWhenMissing") or not _any(node, ("defaultValue",))


def _modifier(node: Node, walk: Walk) -> bool:
    return node.get("isModifier") is not True or has(node, "isModifierReason")


ELEMENTS: dict[str, Predicate] = {
    "eld-1": some("discriminator", "description"),
    "eld-2": _range,
    "eld-3": _maximum,
    "eld-4": either(absent("aggregation"), _REFERENCES),
    "eld-5": _referring,
    "eld-6": _one_type("fixed"),
    "eld-7": _one_type("pattern"),
    "eld-8": _fixed_or_pattern,
    "eld-11": lambda node, walk: True,  # as published, its last part holds as soon as there is a type
    "eld-12": lambda node, walk: node.get("valueSet", "urn:").startswith(("http:", "https", "urn:")),
    "eld-13": lambda node, walk: distinct(each.get("code") for each in node.get("type", ())),
    "eld-14": lambda node, walk: distinct(each.get("key") for each in node.get("constraint", ())),
    "eld-15": _default_or_meaning,
    "eld-16": lambda node, walk: "sliceName" not in node or bool(_SLICE_NAME(node["sliceName"])),
    "eld-17": either(_REFERENCES, absent("targetProfile")),
    "eld-18": _modifier,
    # As published, the expression is not anchored: any part of the path may match.
    "eld-19": lambda node, walk: "path" not in node or bool(_PATH(node["path"])),
    "eld-22": needs("sliceIsConstraining", "sliceName"),
}
