"""What resources of a type are indexed by, as a text that can be kept: it tells when those stored before must be anew.

A write leaves rows for the search parameters that are on. Those of a plugin that is switched on later, and the keys of
the server's own that changed, are missing from what was stored before.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any

from usager_server.definitions import SearchParameter
from usager_server.search import holding, likeness, replacing
from usager_server.search.names import ALIKE, HELD, REPLACED
from usager_server.search.parameters import SearchRegistry

ROWS = ":rows"
ROWS_EDITION = "1"
"""To be raised when the same parameters leave other rows (`writers.py`, `hashing.py`, ...)."""

OWN = {
    ALIKE: "the keys of $match",
    HELD: "the matricule that one record holds",
    REPLACED: "the mark of records that are merged",
    ROWS: "the way rows are written",
}
MOST_NAMED = 10

Parts = Mapping[str, str]
"""What a type is indexed by: names of parameters and of the server's own keys, each with what its rows depend on."""


def numbered(registry: SearchRegistry) -> dict[int, str]:
    """Return the edition of every resource type, by its number in the store. Time: 10 ms; nothing is compiled."""
    numbers = registry.definitions.type_numbers
    return {numbers[kind]: _written(parts_of(registry, kind)) for kind in registry.definitions.resource_types}


def parts_of(registry: SearchRegistry, resource_type: str) -> Parts:
    """Return what resources of a type are indexed by."""
    parts = {name: _digest(one) for name, one in registry.published(resource_type).items()}
    own = (
        {ALIKE: likeness.EDITION, HELD: holding.EDITION, REPLACED: replacing.EDITION}
        if resource_type == likeness.TYPE
        else {}
    )
    return {**parts, **own, ROWS: ROWS_EDITION}


def read_parts(text: str) -> Parts:
    """Return the parts that were kept; none of a text that is empty: nobody knows."""
    return json.loads(text) if text else {}


def common(one: str, other: str) -> str:
    """Return what two editions have in common."""
    if one == other:
        return one
    parts, others = read_parts(one), read_parts(other)
    return _written({name: part for name, part in parts.items() if others.get(name) == part})


def lacking(wanted: str, complete: str) -> list[str]:
    """Return the names of what is wanted, and not known to be complete."""
    had = read_parts(complete)
    return [name for name, part in read_parts(wanted).items() if had.get(name) != part]


def reasons(registry: SearchRegistry, due: Mapping[int, tuple[str, str, datetime]]) -> list[str]:
    """Return a sentence for each type that is due, by its number: what is wanted of it, and what is complete."""
    names = {number: kind for kind, number in registry.definitions.type_numbers.items()}
    types: dict[str, list[str]] = {}
    for number, (wanted, complete, _) in due.items():
        types.setdefault(_why(wanted, complete), []).append(names[number])
    return [f"to be indexed anew: {_listed(kinds)}: {why}" for why, kinds in types.items()]


def _why(wanted: str, complete: str) -> str:
    if not complete:
        return "stored before it was noted what resources are indexed by"
    new = [OWN.get(name, name) for name in lacking(wanted, complete)]
    return f"stored before {_listed(new)} came, changed, or was on without a break"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _written(parts: Parts) -> str:
    return json.dumps(parts, sort_keys=True, separators=(",", ":")) if parts else ""


def _digest(parameter: SearchParameter) -> str:
    """Return what the rows of a parameter depend on, in short."""
    components = tuple(map(tuple, parameter.components))
    return _hashed(parameter.type, parameter.expression, tuple(sorted(parameter.targets)), components)


@cache
def _hashed(*parts: Any) -> str:
    return blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()
