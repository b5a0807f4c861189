"""A search by whole addresses of this server: references to it are stored relative, and looked for so."""

from dataclasses import replace

from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, SearchQuery, Value


def localised(registry: SearchRegistry, query: SearchQuery, base_url: str) -> SearchQuery:
    """Return the query with the references that begin with this address made relative; uris are left as they are."""
    return replace(
        query, conditions=[_condition(registry, condition, f"{base_url}/") for condition in query.conditions]
    )


def _condition(registry: SearchRegistry, condition: Condition, prefix: str) -> Condition:
    if condition.chain is not None:
        return replace(condition, chain=_condition(registry, condition.chain, prefix))
    parameter = registry.common_parameter(condition.types, condition.parameter)
    if parameter is None or parameter.type != "reference" or condition.modifier in ("identifier", "missing"):
        return condition
    return replace(condition, values=tuple(_value(value, prefix) for value in condition.values))


def _value(value: Value, prefix: str) -> Value:
    return replace(value, text=value.text.removeprefix(prefix))
