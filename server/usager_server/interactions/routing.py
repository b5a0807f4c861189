"""The table of addresses: which interaction, by FHIR's own name, a method and a path mean."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from usager_server.errors import MethodNotAllowed, NotFound
from usager_server.interactions.request import Request, parse_query_string

Name: TypeAlias = Literal[
    "bundle",
    "capabilities",
    "conditional_delete",
    "conditional_patch",
    "conditional_update",
    "create",
    "delete",
    "history_instance",
    "history_system",
    "history_type",
    "operation",
    "operation_by_get",
    "patch",
    "read",
    "search_compartment",
    "search_system",
    "search_type",
    "update",
    "vread",
]
Methods: TypeAlias = Mapping[str, Name]

SYSTEM: Methods = {"GET": "search_system", "POST": "bundle"}
# FHIR has POST alone on _search; clients that send GET there (fhir-kit-client) mean the same.
SYSTEM_SEARCH: Methods = {"GET": "search_system", "POST": "search_system"}
SYSTEM_HISTORY: Methods = {"GET": "history_system"}
METADATA: Methods = {"GET": "capabilities"}
TYPE: Methods = {
    "GET": "search_type",
    "POST": "create",
    "PUT": "conditional_update",
    "PATCH": "conditional_patch",
    "DELETE": "conditional_delete",
}
TYPE_SEARCH: Methods = {"GET": "search_type", "POST": "search_type"}
TYPE_HISTORY: Methods = {"GET": "history_type"}
INSTANCE: Methods = {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
INSTANCE_HISTORY: Methods = {"GET": "history_instance"}
VERSION: Methods = {"GET": "vread"}
COMPARTMENT: Methods = {"GET": "search_compartment"}
COMPARTMENT_SEARCH: Methods = {"GET": "search_compartment", "POST": "search_compartment"}
OPERATION: Methods = {"GET": "operation_by_get", "POST": "operation"}


def route(method: str, path: str, query: str, resource_types: frozenset[str]) -> tuple[Name, Request]:
    """Return the name of the interaction and the start of its request.

    Shape   path has no leading slash and is decoded; query is the raw text after the question mark.
    Errors  NotFound (404) for an unknown type or shape of address, MethodNotAllowed (405) with Allow, Invalid (400) for
            a query that is not percent-encoded UTF-8.
    """
    if "\x00" in path:
        raise NotFound("There is nothing at an address with the character U+0000")
    request = Request(method, path)
    methods = _methods(request, [part for part in path.split("/") if part], resource_types)
    interaction = methods.get(method)
    if interaction is None:
        raise not_allowed(method, path, methods)
    if query:
        request.query = parse_query_string(query)
    return interaction, request


def not_allowed(method: str, path: str, methods: Methods) -> MethodNotAllowed:
    """Return the refusal that names the methods this address has."""
    allow = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
    return MethodNotAllowed(f"{method} is not possible on /{path}; possible: {allow}", headers={"Allow": allow})


def _methods(request: Request, parts: list[str], resource_types: frozenset[str]) -> Methods:
    """Return what is possible on an address, and note in the request what its parts mean."""
    if not parts:
        return SYSTEM
    first, *rest = parts
    if first in resource_types:
        request.type = first
        return _on_type(request, rest, resource_types)
    if not rest:
        if first.startswith("$"):
            request.operation = first[1:]
            return OPERATION
        if first in AT_SYSTEM:
            return AT_SYSTEM[first]
    raise NotFound(f"{first!r} is not an R4 resource type", code="not-found" if rest else "not-supported")


def _on_type(request: Request, rest: list[str], resource_types: frozenset[str]) -> Methods:
    if not rest:
        return TYPE
    second, *rest = rest
    if second.startswith("$") and not rest:
        request.operation = second[1:]
        return OPERATION
    if second in AT_TYPE and not rest:
        return AT_TYPE[second]
    request.id = second
    return _on_instance(request, rest, resource_types)


def _on_instance(request: Request, rest: list[str], resource_types: frozenset[str]) -> Methods:
    match rest:
        case []:
            return INSTANCE
        case ["_history"]:
            return INSTANCE_HISTORY
        case ["_history", version]:
            request.version = version
            return VERSION
        case [name] if name.startswith("$"):
            request.operation = name[1:]
            return OPERATION
        case [other] if other == "*" or other in resource_types:
            request.member = other
            return COMPARTMENT
        case [other, "_search"] if other == "*" or other in resource_types:
            request.member = other
            return COMPARTMENT_SEARCH
    raise NotFound(f"There is nothing at /{request.path}", code="not-found")


AT_SYSTEM: Mapping[str, Methods] = {"metadata": METADATA, "_history": SYSTEM_HISTORY, "_search": SYSTEM_SEARCH}
AT_TYPE: Mapping[str, Methods] = {"_history": TYPE_HISTORY, "_search": TYPE_SEARCH}
