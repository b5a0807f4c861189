"""Nodes made at random from the definitions: right in type, so that an invariant has something to judge."""

import random
from typing import Any

from usager_server.definitions import Definitions, Element
from usager_server.jsontext import parse_json

PRIMITIVES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [0, 1, 3],
    "positiveInt": [1, 2],
    "unsignedInt": [0, 2],
    "decimal": [0, 1, -1, parse_json(b"2.5")],
    "date": ["2020", "2021-02-03"],
    "dateTime": ["2020", "2021-02-03", "2021-02-03T10:00:00Z", "2021-02-03T11:00:00+02:00"],
    "instant": ["2021-02-03T10:00:00Z"],
    "time": ["10:00:00"],
}
WORDS = ["a", "b", "http://unitsofmeasure.org", "1"]
DEEPEST = 3


class RandomNodes:
    """Makes nodes of any type."""

    def __init__(self, definitions: Definitions, randomness: random.Random) -> None:
        self._definitions = definitions
        self._random = randomness

    def of(self, kind: str, depth: int = 0) -> dict[str, Any]:
        """Return a node of a type: its required elements, and a random part of the others."""
        if kind == "Extension":
            return {"url": "http://example.org/x", "valueString": "y"}
        share = self._random.choice([0.15, 0.3, 0.5, 0.8])
        node: dict[str, Any] = {"resourceType": kind} if self._is_resource(kind) else {}
        seen: set[str] = set()
        properties = list(self._definitions.property_map(kind).items())
        for name, (element, child) in self._random.sample(properties, len(properties)):
            odds = share / 3 if element.choice else share
            wanted = element.min or (self._random.random() < odds and depth < DEEPEST)
            if wanted and element.name not in {*seen, "contained", "id"}:
                seen.add(element.name)
                node[name] = self._value(element, child, depth)
        return node or {"id": "a"}

    def _is_resource(self, kind: str) -> bool:
        return kind in self._definitions.resource_types

    def _value(self, element: Element, kind: str, depth: int) -> Any:
        count = self._random.choice([1, 1, 2])
        one = [self._one(element, kind, depth) for _ in range(count if element.max != 1 else 1)]
        return one[0] if element.max == 1 else one

    def _one(self, element: Element, kind: str, depth: int) -> Any:
        if kind == "Resource":
            return {"resourceType": self._random.choice(["Patient", "Composition", "MessageHeader"])}
        if self._definitions.types[kind].kind != "primitive":
            return self.of(kind, depth + 1)
        codes = self._definitions.value_sets.get((element.binding or "").partition("|")[0], {})
        listed = sorted(frozenset().union(*codes.values())) if codes else []
        return self._random.choice(listed or PRIMITIVES.get(kind, WORDS))
