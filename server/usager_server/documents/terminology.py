"""The code lists of the documents as CodeSystem and ValueSet resources, and the vaccines as one of each."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from usager_cda.systems import name_of, url_of
from usager_cda.terminology import Code, Vaccine, ValueSet, diseases, vaccines, value_sets
from usager_server.canonicals import canonical
from usager_server.terminology.concept import OUR_WORDS
from usager_server.terminology.shelf import PARTIAL

Resource = dict[str, Any]

BDPM = "1.2.250.1.213.2.3.1"
ATC = "2.16.840.1.113883.6.73"
VACCINES = canonical("ValueSet", "vaccins")
FRENCH = "fr-FR"
PUBLISHED = ("http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/")
NOT_PUBLISHED = ("http://hl7.org/fhir/sid/", "http://hl7.org/fhir/uv/")
NOT_ID = re.compile(r"[^A-Za-z0-9.-]+")


def terminology_resources() -> Iterator[Resource]:
    """Yield the code systems and value sets of the documents.

    Shape   a code system that R4 publishes only gains French names here; of another, the codes that the lists use: a
            fragment.
    Source  `usager_cda/data`: value_sets.csv, codes.csv, vaccines.csv.
    """
    by_system: dict[str, dict[str, Code]] = {}
    for value_set in value_sets().values():
        yield _value_set(value_set)
        for code in value_set.codes:
            by_system.setdefault(code.system, {}).setdefault(code.code, code)
    for oid, codes in by_system.items():
        yield _supplement(oid, codes.values()) if _is_published(url_of(oid)) else _fragment(oid, codes.values())
    yield from _vaccines()
    yield {**_head("CodeSystem", "label-source", OUR_WORDS["system"], None), "content": "complete", "concept": [SOURCE]}


def _is_published(url: str) -> bool:
    return url.startswith(PUBLISHED) and not url.startswith(NOT_PUBLISHED)


def _value_set(value_set: ValueSet) -> Resource:
    by_system: dict[str, list[Resource]] = {}
    for code in value_set.codes:
        by_system.setdefault(code.system, []).append({"code": code.code, "display": code.display})
    include = [{"system": url_of(oid), "concept": concepts} for oid, concepts in by_system.items()]
    resource = _head("ValueSet", value_set.name, value_set.url, value_set.version)
    resource["title"] = value_set.title
    if value_set.oid:
        resource["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{value_set.oid}"}]
    if not value_set.is_whole:
        resource["extension"] = [{"url": PARTIAL, "valueBoolean": True}]
    return {**resource, "publisher": value_set.source, "compose": {"include": include}}


def _fragment(oid: str, codes: Iterable[Code]) -> Resource:
    name = name_of(oid) or oid
    concepts = [{"code": code.code, "display": code.display, **_marked(code)} for code in codes]
    resource = _head("CodeSystem", name, url_of(oid), None)
    identifier = [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{oid}"}]
    return {**resource, "identifier": identifier, "content": "fragment", "concept": concepts}


def _supplement(oid: str, codes: Iterable[Code]) -> Resource:
    name = f"{name_of(oid) or oid}-fr"
    concepts = [{"code": code.code, "designation": [_designation(code)]} for code in codes]
    resource = _head("CodeSystem", name, canonical("CodeSystem", _id(name)), None)
    return {**resource, "content": "supplement", "supplements": url_of(oid), "concept": concepts}


def _marked(code: Code) -> Resource:
    return {"designation": [_designation(code)]} if code.is_ours else {}


def _designation(code: Code) -> Resource:
    use = {"use": OUR_WORDS} if code.is_ours else {}
    return {"language": FRENCH, **use, "value": code.display}


def _vaccines() -> Iterator[Resource]:
    """Yield the vaccines and their classes, each as a fragment of its code system, and the list of both.

    The list names the classes one by one: a complete ATC that is stored does not bring all other medicines into it.
    """
    classes = [_vaccine(each, each.atc) for each in vaccines() if not each.cis]
    products = [_vaccine(each, each.cis) for each in vaccines() if each.cis]
    for name, oid, concepts in (("CIS", BDPM, products), ("ATC", ATC, classes)):
        system = _head("CodeSystem", name, url_of(oid), None)
        yield {**system, "content": "fragment", "property": PROPERTIES, "concept": concepts}
    named = [{name: each[name] for name in ("code", "display", "designation")} for each in classes]
    include = [{"system": url_of(BDPM)}, {"system": url_of(ATC), "concept": named}]
    value_set = _head("ValueSet", "vaccins", VACCINES, None)
    yield {**value_set, "title": "Vaccins, par maladie ou par nom", "compose": {"include": include}}


def _vaccine(vaccine: Vaccine, code: str) -> Resource:
    """Return a vaccine that is found by its name, by the diseases it protects from, and by their other names."""
    names = [name for disease in vaccine.diseases for name in (disease, *diseases()[disease])]
    names.append(f"vaccin {', '.join(vaccine.diseases)}")
    designations: list[Resource] = [{"language": FRENCH, "value": name} for name in names]
    properties: list[Resource] = [{"code": "maladie", "valueString": disease} for disease in vaccine.diseases]
    if vaccine.cis:
        properties.append({"code": "atc", "valueCoding": {"system": url_of(ATC), "code": vaccine.atc}})
    else:
        designations.append({"language": FRENCH, "use": OUR_WORDS, "value": vaccine.name})
    return {"code": code, "display": vaccine.name, "designation": designations, "property": properties}


PROPERTIES: Sequence[Mapping[str, str]] = (
    {"code": "maladie", "description": "Une maladie dont le vaccin protège", "type": "string"},
    {"code": "atc", "description": "Sa classe ATC", "type": "Coding"},
)
SOURCE = {name: OUR_WORDS[name] for name in ("code", "display")}


def _head(resource_type: str, name: str, url: str, version: str | None) -> Resource:
    dated = {"version": version} if version else {}
    return {"resourceType": resource_type, "id": _id(name), "url": url, **dated, "name": name, "status": "active"}


def _id(name: str) -> str:
    return NOT_ID.sub("-", name).strip("-")[:64]
