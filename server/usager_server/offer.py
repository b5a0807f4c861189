"""What the house offers by name, the server's own beside the plugins': a name that is taken stops the start."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from usager_server import __released__
from usager_server.definitions import Definitions, SearchParameter
from usager_server.errors import FHIRError
from usager_server.fhirpath import compile
from usager_server.installed import PluginError
from usager_server.interactions.session import Operation
from usager_server.jsontext import build_json
from usager_server.repository import Stored
from usager_server.validation.validator import HouseValidator

ANY_TYPE = ("Resource", "DomainResource")
SEARCH_TYPES = ("date", "number", "quantity", "reference", "string", "token", "uri")


def by_name(operations: Iterable[Operation]) -> dict[tuple[str | None, str], Operation]:
    """Return operations by resource type, None for every type and the system, and code. Errors: PluginError."""
    found: dict[tuple[str | None, str], Operation] = {}
    for operation in operations:
        for name in operation.definition.get("resource") or [None]:
            key = (None if name in ANY_TYPE else name, operation.code)
            if found.setdefault(key, operation) is not operation:
                raise PluginError(f"the operation {name or ''}${operation.code} is claimed twice")
    return found


def search_parameter(resource: Mapping[str, Any], definitions: Definitions) -> SearchParameter:
    """Return what a plugin's SearchParameter says. Errors: PluginError when it cannot be served, or R4 has it."""
    code, bases = resource["code"], resource["base"]
    where = f"the search parameter {code} of {', '.join(bases)}"
    for published in definitions.search_parameters:
        if published.code == code and _overlap(set(bases), set(published.bases)):
            raise PluginError(f"{where} exists in FHIR R4 already")
    if unknown := set(bases) - definitions.resource_types - set(ANY_TYPE):
        raise PluginError(f"{where}: {min(unknown)} is not a resource type")
    if resource.get("type") not in SEARCH_TYPES:
        raise PluginError(f"{where}: its type is {resource.get('type')!r}; it must be {', '.join(SEARCH_TYPES)}")
    try:
        compile(resource.get("expression", ""), definitions)
    except FHIRError as error:
        raise PluginError(f"{where}: its expression cannot be read: {error}") from error
    return SearchParameter(
        code=code,
        type=resource["type"],
        bases=bases,
        expression=resource["expression"],
        url=resource["url"],
        targets=resource.get("target", ()),
        description=resource.get("description", ""),
    )


def _overlap(one: set[str], other: set[str]) -> bool:
    return bool(one & other or one.intersection(ANY_TYPE) or other.intersection(ANY_TYPE))


def served(definitions: Iterable[Mapping[str, Any]], validator: HouseValidator) -> dict[tuple[str, str], Stored]:
    """Return what may be read like resources: these definitions, and those that resources are validated against.

    Errors  PluginError when two with different canonicals have one address.
    """
    released = datetime.fromisoformat(f"{__released__}T00:00:00+00:00")
    found: dict[tuple[str, str], Stored] = {}
    urls: dict[tuple[str, str], str] = {}
    for resource in [*definitions, *validator.conformance.resources]:
        key = (str(resource["resourceType"]), str(resource["id"]))
        if urls.setdefault(key, resource["url"]) != resource["url"]:
            raise PluginError(f"two definitions have the address {'/'.join(key)}: {urls[key]} and {resource['url']}")
        text = build_json({**resource, "meta": {**resource.get("meta", {}), "versionId": "1"}}).decode()
        found[key] = Stored(*key, version=1, last_updated=released, document=text)
    return found


def supported(validator: HouseValidator) -> Mapping[str, Sequence[str]]:
    """Return the canonicals of the installed profiles by resource type; extensions and datatypes have none."""
    found: dict[str, list[str]] = {}
    for canonical in sorted(validator.conformance.profiles):
        kind = validator.conformance.target_type(canonical)
        if kind is not None and kind != "Extension":
            found.setdefault(kind, []).append(canonical)
    return found
