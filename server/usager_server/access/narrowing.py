"""The parameters of a scope -> what they look for; simple equality of a token, a reference or a date, nothing else."""

from usager_server.access.scopes import BadScope, Scope
from usager_server.errors import FHIRError
from usager_server.search.conditions import UnknownParameter, parse_condition
from usager_server.search.lookups import Lookup
from usager_server.search.meaning import Meaning
from usager_server.search.parameters import SearchRegistry

NARROWING = ("token", "reference", "date")


def narrowed(meaning: Meaning, scope: Scope, resource_type: str) -> tuple[Lookup, ...] | None:
    """Return what the parameters of a scope look for on a type, None when they cannot be held there: nothing is open.

    Shape   a scope of `*` with parameters reaches the types that have them.
    """
    try:
        return tuple(_lookup(meaning, resource_type, name, value) for name, value in scope.parameters)
    except BadScope:
        return None


def check_narrowing(registry: SearchRegistry, scope: Scope) -> None:
    """Refuse a scope whose parameters can be held on none of its types. Errors: BadScope, for invalid_scope."""
    meaning = Meaning(registry, 0, 0)
    if scope.type != "*":
        for name, value in scope.parameters:
            _lookup(meaning, scope.type, name, value)
    elif all(narrowed(meaning, scope, kind) is None for kind in sorted(registry.definitions.resource_types)):
        raise BadScope(f"{scope}: there is no resource type that these parameters can narrow")


def _lookup(meaning: Meaning, resource_type: str, name: str, value: str) -> Lookup:
    known = resource_type in meaning.registry.definitions.resource_types
    parameter = meaning.registry.parameter(resource_type, name) if known else None
    if parameter is None or parameter.type not in NARROWING:
        raise BadScope(
            f"{name!r} is no token, reference or date parameter of {resource_type}: it cannot narrow a scope"
        )
    try:
        condition = parse_condition(meaning.registry, (resource_type,), name, value)
    except (FHIRError, UnknownParameter) as error:
        raise BadScope(f"{name}={value[:40]} is no condition on {resource_type}: {error}") from error
    if any(one.prefix != "eq" for one in condition.values):
        raise BadScope(f"{name}={value[:40]}: a scope is narrowed by equality, not by {condition.values[0].prefix}")
    return meaning.lookup(condition, (resource_type,))
