"""The occurrences of one element in a node: values with their underscored siblings, types and steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from usager_server.definitions import Definitions


@dataclass(slots=True)
class Occurrence:
    """One value of an element.

    Shape   value is None for a primitive with extensions only, which stand in extra; step is its place: ".name[1]".
    """

    value: Any
    extra: Any
    kind: str
    step: str

    @property
    def node(self) -> dict[str, Any]:
        """Return the object whose children a profile may constrain."""
        found = self.value if type(self.value) is dict else self.extra
        return found if type(found) is dict else {}


Fetch = Callable[[dict[str, Any]], list[Occurrence]]


def fetcher(kind: str, name: str, definitions: Definitions) -> Fetch:
    """Return what gives the occurrences of an element of a type, choices included; never fails on a bad tree."""
    step = "." + name
    kinds = {each: found[1] for each, found in definitions.property_map(kind).items() if found[0].name == name}
    if len(kinds) == 1:
        return _single_fetcher(*kinds.popitem(), step)

    def fetch(node: dict[str, Any]) -> list[Occurrence]:
        found: list[Occurrence] = []
        for each in node:
            plain = each.removeprefix("_")
            if plain in kinds and (plain == each or plain not in node):
                found += _occurrences(node.get(plain), node.get("_" + plain), kinds[plain], step)
        return found

    return fetch


def _single_fetcher(name: str, kind: str, step: str) -> Fetch:
    sibling = "_" + name

    def fetch(node: dict[str, Any]) -> list[Occurrence]:
        if name not in node and sibling not in node:
            return []
        return _occurrences(node.get(name), node.get(sibling), kind, step)

    return fetch


def _occurrences(value: Any, extra: Any, kind: str, step: str) -> list[Occurrence]:
    if type(value) is not list and type(extra) is not list:
        return [Occurrence(value, extra, kind, step)]
    if extra is None:
        return [Occurrence(each, None, kind, f"{step}[{index}]") for index, each in enumerate(value)]
    values = value if type(value) is list else []
    extras = extra if type(extra) is list else []
    count = max(len(values), len(extras))
    padded = [*extras, *[None] * (count - len(extras))]
    return [
        Occurrence(each, padded[index], kind, f"{step}[{index}]")
        for index, each in enumerate([*values, *[None] * (count - len(values))])
    ]
