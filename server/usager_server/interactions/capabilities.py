"""The interaction `capabilities`: what this server does, no more and no less, as a CapabilityStatement."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from usager_server import __released__, __version__
from usager_server.canonicals import canonical
from usager_server.errors import Invalid
from usager_server.interactions import routing
from usager_server.interactions.request import Request
from usager_server.interactions.session import House, Reply, Session
from usager_server.interactions.subset import WHOLE, parse_subset, subset_text
from usager_server.jsontext import build_json
from usager_server.search.parameter import Parameter

HERE = "http://base.invalid/fhir"  # stands for the address of the server in the texts that are kept
HL7 = "http://hl7.org/fhir/"
MODES = ("full", "normative", "terminology")
EXPANSION_PARAMETERS = (
    "filter",
    "date",
    "offset",
    "count",
    "includeDesignations",
    "activeOnly",
    "displayLanguage",
    "exclude-system",
)

DEFINITION_OF = "http://hl7.org/fhir/StructureDefinition/{}"
COMPARTMENT_OF = "http://hl7.org/fhir/CompartmentDefinition/{}"

# What FHIR calls those of the table of addresses; conditional ones are flags of the resource, not interactions.
TYPE_CODES = {
    "read": "read",
    "vread": "vread",
    "update": "update",
    "patch": "patch",
    "delete": "delete",
    "history_instance": "history-instance",
    "history_type": "history-type",
    "create": "create",
    "search_type": "search-type",
}
SYSTEM_CODES = {
    "search_system": ["search-system"],
    "history_system": ["history-system"],
    "bundle": ["transaction", "batch"],
}


async def capabilities(session: Session, request: Request) -> Reply:
    """Return the CapabilityStatement, or the TerminologyCapabilities for mode=terminology.

    Time    made once per server and kept as text; then a copy.
    Errors  Invalid (400) on an unknown mode.
    """
    mode = request.parameter("mode") or "full"
    if mode not in MODES:
        raise Invalid(f"mode is {mode!r}; it must be {', '.join(MODES)}", "mode", code="value")
    text = build_json(terminology_capabilities()).decode() if mode == "terminology" else capability_text(session.house)
    subset = parse_subset(request.query)
    if subset != WHOLE:
        text = subset_text(session.house.definitions, text, subset)
    return Reply(document=text.replace(HERE, session.base_url))


def capability_text(house: House) -> str:
    """Return the CapabilityStatement as JSON text, HERE standing for the address of the server."""
    if "capabilities" not in house.texts:
        house.texts["capabilities"] = build_json(capability_statement(house)).decode()
    return house.texts["capabilities"]


def capability_statement(house: House) -> dict[str, Any]:
    """Return what the house does: made from its table of addresses, its registry, its operations and its plugins."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "usager",
        "url": canonical("CapabilityStatement", "usager"),
        "version": __version__,
        "name": "Usager",
        "title": "Usager, an open FHIR back end for the dossier usager informatisé",
        "status": "active",
        "date": __released__,
        "publisher": "Usager",
        "description": _description(house),
        "kind": "instance",
        "software": {"name": "Usager", "version": __version__, "releaseDate": __released__},
        "implementation": {"description": "Usager", "url": HERE},
        "fhirVersion": "4.0.1",
        "format": ["json", "xml", "application/fhir+json", "application/fhir+xml"],
        "patchFormat": [
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/fhir+json",
            "application/fhir+xml",
        ],
        "rest": [_rest(house)],
    }


def terminology_capabilities() -> dict[str, Any]:
    """Return what there is of a terminology service: $lookup, $validate-code and $expand."""
    return {
        "resourceType": "TerminologyCapabilities",
        "url": canonical("TerminologyCapabilities", "usager"),
        "version": __version__,
        "name": "UsagerTerminology",
        "status": "active",
        "date": __released__,
        "description": "$lookup, $validate-code and $expand over the code systems and value sets of FHIR R4, those "
        "that profiles bring and those that are stored; no ConceptMap/$translate, no $subsumes, no $closure.",
        "kind": "instance",
        "software": {"name": "Usager", "version": __version__},
        "implementation": {"description": "Usager", "url": HERE},
        "codeSearch": "all",
        "validateCode": {"translations": False},
        "expansion": {
            "hierarchical": False,
            "paging": True,
            "incomplete": True,
            "parameter": [{"name": name} for name in EXPANSION_PARAMETERS],
            "textFilter": "The beginnings of words, without accents, case or hyphens.",
        },
    }


def interactions() -> tuple[Sequence[str], Sequence[str]]:
    """Return the FHIR codes of what the dispatch table does on a type, and on the whole system."""
    tables = [routing.SYSTEM, routing.SYSTEM_HISTORY, routing.TYPE, routing.TYPE_HISTORY]
    tables += [routing.INSTANCE, routing.INSTANCE_HISTORY, routing.VERSION]
    here = {name for table in tables for name in table.values()}
    on_system = [code for name, codes in SYSTEM_CODES.items() if name in here for code in codes]
    return [code for name, code in TYPE_CODES.items() if name in here], on_system


def _description(house: House) -> str:
    names = ", ".join(f"{profile.title} ({profile.key})" for profile in house.profiles)
    return f"Profiles switched on: {names}." if names else "No profile is switched on."


def _rest(house: House) -> dict[str, Any]:
    on_type, on_system = interactions()
    referrers = _referrers(house)
    listed = {
        "mode": "server",
        "security": _security(house),
        "resource": [
            _resource(house, resource_type, on_type, referrers)
            for resource_type in sorted(house.definitions.resource_types)
        ],
        "interaction": [{"code": code} for code in on_system],
        "searchParam": [_search_parameter(it) for it in _parameters(house, "Basic") if it.name.startswith("_")],
        "operation": _operations(house, None),
        "compartment": [COMPARTMENT_OF.format(it) for it in sorted(house.definitions.compartments)],
    }
    return {name: value for name, value in listed.items() if value}


def _security(house: House) -> Mapping[str, Any]:
    if house.settings.auth == "smart":
        from usager_server.authorization.discovery import Addresses, security

        return security(Addresses(house.settings.base_url or HERE))
    if house.settings.auth == "off":
        return {"description": "Sign-in is off: for use on one machine only (USAGER_AUTH=off)."}
    return {"description": "A bearer token is required on every address but this one (USAGER_AUTH=token)."}


def _resource(
    house: House, resource_type: str, codes: Sequence[str], referrers: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    parameters = _parameters(house, resource_type)
    listed: dict[str, Any] = {
        "type": resource_type,
        "profile": DEFINITION_OF.format(resource_type),
        "supportedProfile": house.supported_profiles.get(resource_type, ()),
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": ["*", *(f"{resource_type}:{it.name}" for it in parameters if it.type == "reference")],
        "searchRevInclude": referrers.get(resource_type, ()),
        "searchParam": [_search_parameter(it) for it in parameters],
        "operation": _operations(house, resource_type),
    }
    return {name: value for name, value in listed.items() if value or value is False}


def _parameters(house: House, resource_type: str) -> Collection[Parameter]:
    return house.registry.parameters(resource_type).values()


def _search_parameter(parameter: Parameter) -> dict[str, Any]:
    listed = {"name": parameter.name, "definition": parameter.url, "type": parameter.type}
    if not parameter.url.startswith(HL7) and parameter.description:  # HL7's own are described where they are defined
        listed["documentation"] = parameter.description
    return {name: value for name, value in listed.items() if value}


def _operations(house: House, resource_type: str | None) -> list[dict[str, str]]:
    """Return the operations of a type, those of every type included, or those of the whole system."""
    here = {}
    for (kind, code), it in house.operations.items():
        on_types = it.definition.get("type") or it.definition.get("instance")
        if it.definition.get("system") if resource_type is None else on_types and kind in (None, resource_type):
            here[code] = {"name": code, "definition": str(it.definition["url"])}
    return [here[code] for code in sorted(here)]


def _referrers(house: House) -> Mapping[str, Sequence[str]]:
    """Return, for each type, the reference parameters of all types that may point at it."""
    found: dict[str, list[str]] = {}
    for target, include in _references(house):
        found.setdefault(target, []).append(include)
    return found


def _references(house: House) -> Iterator[tuple[str, str]]:
    every = house.definitions.resource_types
    for resource_type in sorted(every):
        for parameter in _parameters(house, resource_type):
            if parameter.type == "reference":
                targets = set(parameter.targets) & every or every
                yield from ((target, f"{resource_type}:{parameter.name}") for target in targets)
