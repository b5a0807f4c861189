"""What is still being indexed anew: a search by it may not find yet all that is stored, and its answer says so."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from usager_server.search.editions import ROWS, lacking
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, SearchQuery

BESIDE_THE_INDEX = frozenset(("_id", "_lastUpdated", "{def}"))
"""What is looked for in the resources themselves; {def}: the one that a compartment is of."""

Asked = tuple[Sequence[str], str]
"""A parameter that a search uses, and the types that it is searched on; no types means all."""


class Unfinished:
    """By which parameters not all that is stored can be found, as far as this process knows. Shape: true when any."""

    def __init__(self) -> None:
        self._lacking: Mapping[str, frozenset[str]] = {}
        self._compartments: Mapping[str, Mapping[str, Sequence[str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._lacking)

    def take(self, registry: SearchRegistry, due: Mapping[int, tuple[str, str, datetime]]) -> None:
        """Take what is due of each type, by its number: what is wanted of it, and what is complete."""
        self._compartments = registry.definitions.compartments
        names = {number: kind for kind, number in registry.definitions.type_numbers.items()}
        self._lacking = {names[number]: frozenset(lacking(wanted, had)) for number, (wanted, had, _) in due.items()}

    def lacks(self, resource_type: str, name: str) -> bool:
        """Say whether resources of a type may be missing from what is found by a parameter, or by a key of our own."""
        found = self._lacking.get(resource_type, frozenset())
        return name in found or ROWS in found

    def used_by(self, query: SearchQuery) -> list[str]:
        """Return which of them a search uses ("Task?decision"), each once."""
        asked = [(types, name) for types, name in self._asked(query) if name not in BESIDE_THE_INDEX]
        found = (f"{kind}?{name}" for types, name in asked for kind in types or self._lacking if self.lacks(kind, name))
        return list(dict.fromkeys(found))

    def _asked(self, query: SearchQuery) -> Iterator[Asked]:
        for condition in query.conditions:
            yield from _in_condition(condition)
        for key in query.sort:
            yield query.types, key.parameter
        if query.compartment is not None:
            members = self._compartments.get(query.compartment[0], {})
            yield from (((kind,), name) for kind in query.types or members for name in members.get(kind, ()))


def _in_condition(condition: Condition) -> Iterator[Asked]:
    if condition.reverse is not None:
        yield (condition.reverse[0],), condition.reverse[1]
    else:
        yield condition.types, condition.parameter
    if condition.chain is not None:
        yield from _in_condition(condition.chain)
