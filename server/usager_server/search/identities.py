"""Whether two searches are one: by what they look for in the index, whatever way they are written."""

from dataclasses import replace
from typing import Any

from usager_server.search.lookups import AnyOf, Lookup
from usager_server.search.meaning import Meaning
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import SearchQuery


def normal_form(registry: SearchRegistry, tenant: int, query: SearchQuery) -> str:
    """Return the same text for searches that differ in order, escapes, case or repetitions only.

    Shape   it holds hashes for what was looked for: nobody can be read from it.
    """
    meaning = Meaning(registry, tenant, 0)
    found = {repr(_ordered(meaning.lookup(condition, query.types))) for condition in query.conditions}
    return " ".join([*query.types, *sorted(found)])


def _ordered(lookup: Lookup) -> Lookup:
    """Return the lookup with its alternatives in one order, each of them once."""
    changes: dict[str, Any] = {}
    for name in ("legs", "any_system", "terms"):
        if (alternatives := getattr(lookup, name, None)) is not None:
            changes[name] = tuple(sorted(set(alternatives)))
    if (inner := getattr(lookup, "inner", None)) is not None:
        changes["inner"] = _ordered(inner)
    if isinstance(lookup, AnyOf):
        changes["lookups"] = tuple(sorted(map(_ordered, lookup.lookups), key=repr))
    return replace(lookup, **changes)
