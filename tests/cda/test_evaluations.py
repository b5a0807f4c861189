"""Evaluations with their items, criteria, status and the file they come from, both ways."""

from typing import Any

from tests.cda.bodies import LOINC, coded, said, section
from tests.cda.documents import example, resources
from usager_cda import bundle_from_cda, cda_from_bundle
from usager_cda.document import write_document

SUBJECT = {"reference": "urn:uuid:6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b01"}
CISIS, ICF = "urn:oid:1.2.250.1.213.1.1.4.322", "urn:oid:2.16.840.1.113883.6.254"
SURVEY = [coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey", "Survey")]
STATUSES = "urn:oid:1.2.250.1.213.3.3.250"


def told(code: dict[str, Any], *members: str, **more: Any) -> dict[str, Any]:
    links = {"hasMember": [{"reference": f"urn:uuid:{name}"} for name in members]} if members else {}
    common = {"resourceType": "Observation", "status": "final", "category": SURVEY, "subject": SUBJECT}
    return {**common, "code": code, **links, **more}


def evaluated(**more: Any) -> dict[str, Any]:
    """Return the medical summary with the AGGIR of the resident in its functional status."""
    kind = coded(CISIS, "MED-1292", "Evaluation AGGIR")
    gir = {"valueCodeableConcept": coded(CISIS, "MED-340", "GIR-2")}
    item = {"valueCodeableConcept": coded(ICF, "qf4", "facilitateur absolu")}
    status = {"valueCodeableConcept": coded(STATUSES, "TERMINE", "Terminé"), "effectiveDateTime": "2026-03-12"}
    entries = {
        "groupe": told(coded(CISIS, "MED-1293", "Evaluation AGGIR PA"), "aggir"),
        "aggir": told(kind, "laver", "statut", effectiveDateTime="2026-03-12", **gir, **more),
        "laver": told(coded(ICF, "d510", "Se laver"), "seul", **item),
        "seul": told(coded(CISIS, "MED-1307", "fait spontanément"), valueBoolean=False),
        "statut": told(coded(LOINC, "106199-3", "Statut"), **status),
    }
    bundle = example("synthese-medicale")
    resources(bundle, "Composition")[0]["section"].append(section("47420-5", "urn:uuid:groupe"))
    bundle["entry"] += [{"fullUrl": f"urn:uuid:{name}", "resource": each} for name, each in entries.items()]
    return bundle


def by_code(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["code"]["coding"][0]["code"]: each for each in resources(bundle, "Observation")}


def test_an_evaluation_keeps_its_items_its_criteria_and_its_status():
    written = write_document(evaluated())
    assert written.findings == ()
    made = bundle_from_cda(written.data)
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    found = by_code(made)
    inside = {code: [links[each["reference"]] for each in found[code].get("hasMember", ())] for code in found}
    assert inside["MED-1293"] == [found["MED-1292"]]
    assert inside["MED-1292"] == [found["d510"], found["106199-3"]]
    assert inside["d510"] == [found["MED-1307"]]
    assert found["MED-1307"]["valueBoolean"] is False


def test_an_evaluation_is_the_same_after_another_turn():
    first = bundle_from_cda(cda_from_bundle(evaluated()))
    assert said(bundle_from_cda(cda_from_bundle(first))) == said(first)


def test_a_member_that_is_not_there_is_told():
    bundle = evaluated()
    bundle["entry"] = [each for each in bundle["entry"] if each["fullUrl"] != "urn:uuid:seul"]
    assert [finding.expression for finding in write_document(bundle).findings] == ["Observation.hasMember[0]"]


def test_an_evaluation_names_the_file_it_comes_from():
    bundle = evaluated(derivedFrom=[{"reference": "urn:uuid:grille", "display": "Grille signée"}])
    attachment = {"contentType": "application/pdf", "data": "JVBERi0xLjQK"}
    file = {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:a5516277-3f86-4681-9013-93868243ab67"}],
        "status": "current",
        "type": coded(CISIS, "DLU_006", "Grille d'évaluation"),
        "subject": SUBJECT,
        "content": [{"attachment": attachment}],
    }
    bundle["entry"].append({"fullUrl": "urn:uuid:grille", "resource": file})
    resources(bundle, "Composition")[0]["section"].append(section("55107-7", "urn:uuid:grille"))
    made = bundle_from_cda(cda_from_bundle(bundle))
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    (source,) = [each for found in resources(made, "Observation") for each in found.get("derivedFrom", ())]
    assert source["display"] == "Grille signée"
    assert links[source["reference"]]["type"]["coding"][0]["code"] == "DLU_006"
