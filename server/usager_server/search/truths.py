"""Search expressions that are yes or no (`Patient.deceased.exists() and Patient.deceased != false`) -> closures."""

from collections.abc import Callable
from typing import Any

from usager_server.definitions import Definitions
from usager_server.fhirpath.ast import Binary, Call, Expression, Literal
from usager_server.search.paths import NotAPathError, branches
from usager_server.search.walking import getter

Truth = Callable[[dict[str, Any]], bool | None]
"""Takes a resource; None is FHIRPath's empty collection."""


def truth(definitions: Definitions, expression: Expression, focus: str) -> Truth:
    """Return what answers the expression. Errors: NotAPathError when it is not of this simple kind."""

    def read(part: Expression) -> Truth:
        match part:
            case Binary("and", left, right):
                return _and(read(left), read(right))
            case Binary("=" | "!=" as operator, left, Literal(value)) if isinstance(value, str | bool):
                return _compare(_values(definitions, left, focus), value, wanted=operator == "=")
            case Call(source, "exists", ()) if source is not None:
                return _exists(_values(definitions, source, focus))
        raise NotAPathError(repr(part))

    return read(expression)


def _values(definitions: Definitions, expression: Expression, focus: str) -> Callable[[dict[str, Any]], list[Any]]:
    getters = [getter(branch, None) for branch in branches(definitions, expression, focus)]
    return lambda resource: [value for get in getters for value in get(resource, resource)]


def _and(left: Truth, right: Truth) -> Truth:
    def both(resource: dict[str, Any]) -> bool | None:
        one, other = left(resource), right(resource)
        if one is False or other is False:
            return False
        return True if one and other else None

    return both


def _compare(values: Callable[[dict[str, Any]], list[Any]], value: str | bool, *, wanted: bool) -> Truth:
    def compare(resource: dict[str, Any]) -> bool | None:
        found = values(resource)
        return (found == [value]) is wanted if found else None

    return compare


def _exists(values: Callable[[dict[str, Any]], list[Any]]) -> Truth:
    return lambda resource: bool(values(resource))
