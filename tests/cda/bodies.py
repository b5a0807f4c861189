"""What the tests of bodies share: a summary in FHIR as a front end posts it, and Bundles compared ids aside."""

import copy
import json
from typing import Any

from tests.cda.documents import letter, resources
from usager_cda.systems import EXTENSIONS, url_of

LOINC, SNOMED, ICD = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10"
IDENTITIES = (f"{EXTENSIONS}/cda-id",)


def coded(system: str, code: str, display: str) -> dict[str, Any]:
    """Return a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def summary(
    *entries: dict[str, Any], kind: str = "SYNTH", sections: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return a document Bundle around resources: a VSM by default, each section listing what is told of it."""
    bundle = letter()
    document = bundle["entry"].pop()["resource"]
    resources(bundle, "Organization")[0]["type"] = [document["context"]["practiceSetting"]]
    place = {"resourceType": "Location", "id": "place", "type": [document["context"]["facilityType"]]}
    resources(bundle, "Encounter")[0] |= {"contained": [place], "location": [{"location": {"reference": "#place"}}]}
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "language": "fr-FR",
        "confidentiality": "N",
        "type": coded(url_of("1.2.250.1.213.1.1.4.12"), kind, "Synthèse")
        if kind == "SYNTH"
        else coded(LOINC, kind, kind),
        **{name: document[name] for name in ("subject", "date", "author", "custodian")},
        "title": "Synthèse Médicale",
        "attester": [{"mode": "legal", "time": document["date"], "party": document["authenticator"]}],
        "encounter": document["context"]["encounter"][0],
        "section": sections or [],
    }
    told = [{"fullUrl": entry.pop("fullUrl"), "resource": entry} for entry in map(copy.deepcopy, entries)]
    bundle["entry"] = [{"fullUrl": "urn:uuid:the-composition", "resource": composition}, *bundle["entry"], *told]
    return {**bundle, "type": "document"}


def section(code: str, *links: str, **more: Any) -> dict[str, Any]:
    """Return a section of that LOINC code that lists those fullUrls."""
    made = {"title": code, "code": coded(LOINC, code, code), **more}
    return made | ({"entry": [{"reference": link} for link in links]} if links else {})


def sections_of(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sections of the Composition of a Bundle by their code, those inside others too."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(resources(bundle, "Composition")[0].get("section", ()))
    while waiting:
        each = waiting.pop(0)
        waiting += each.get("section", ())
        found[each["code"]["coding"][0]["code"]] = each
    return found


def said(bundle: dict[str, Any]) -> list[Any]:
    """Return what a Bundle says, ids and files aside: its resources in their order, with references by rank."""
    ranks = {entry["fullUrl"]: f"#{rank}" for rank, entry in enumerate(bundle["entry"])}
    text = json.dumps([_told(entry["resource"]) for entry in bundle["entry"]], default=str)
    for link, rank in ranks.items():
        text = text.replace(link, rank)
    told: list[Any] = _without_identities(json.loads(text))
    return told


def _told(resource: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(resource)
    if made["resourceType"] == "Binary":
        return {"resourceType": "Binary"}
    for content in made.get("content", ()):
        for name in ("url", "size", "hash"):
            content["attachment"].pop(name, None)
    return made


def _without_identities(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_without_identities(each) for each in tree if not _is_identity(each)]
    if not isinstance(tree, dict):
        return tree
    kept = {name: _without_identities(held) for name, held in tree.items() if name not in ("identifier", "meta")}
    return {name: held for name, held in kept.items() if held != []}


def _is_identity(each: Any) -> bool:
    return isinstance(each, dict) and each.get("url") in IDENTITIES
