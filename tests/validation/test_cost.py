"""Cost: what callers choose the size of is never paid for twice."""

from typing import Any

import pytest

from tests.spent import at_most
from tests.validation.profiles import CORE, URL, Judge, element, profile, sliced
from usager_server.definitions import Definitions
from usager_server.errors import TooCostly
from usager_server.validation.structure import Structure

MANY = 4_000
ENOUGH_SECONDS = 3.0


def codings(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Return so many different codings."""
    return [{"system": "http://example.org", "code": str(number)} for number in range(start, start + count)]


def observation_with_components() -> dict[str, Any]:
    """Return an Observation whose code and components have thousands of codings."""
    component = {"code": {"coding": codings(MANY, MANY)}, "valueString": "x"}
    code = {"coding": codings(MANY)}
    subject = {"reference": "Patient/1"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": subject,
        "valueString": "x",
        "component": [component] * 10,
    }


def patient_with_contained() -> dict[str, Any]:
    """Return a Patient with thousands of contained practitioners."""
    practitioners = [{"resourceType": "Practitioner", "id": f"p{number}"} for number in range(MANY)]
    references = [{"reference": f"#p{number}"} for number in range(MANY)]
    return {"resourceType": "Patient", "contained": practitioners, "generalPractitioner": references}


def questionnaire_with_items() -> dict[str, Any]:
    """Return a Questionnaire with thousands of items."""
    items = [{"linkId": str(number), "type": "string"} for number in range(MANY)]
    return {"resourceType": "Questionnaire", "status": "draft", "item": items}


@pytest.mark.parametrize("make", [observation_with_components, patient_with_contained, questionnaire_with_items])
def test_the_cost_of_structure_grows_with_size_only(structure: Structure, make: Any) -> None:
    resource = make()
    with at_most(ENOUGH_SECONDS):
        assert structure.check(resource) == []


def test_references_of_a_bundle_are_not_searched_one_by_one(definitions: Definitions) -> None:
    targets = [{"code": "Reference", "targetProfile": [CORE + "Patient"]}]
    judge = Judge(definitions, profile("o", "Observation", element("Observation.focus", type=targets)))
    patients = [
        {"fullUrl": f"http://example.org/Patient/{number}", "resource": {"resourceType": "Patient", "active": True}}
        for number in range(MANY)
    ]
    observation = {
        "resourceType": "Observation",
        "meta": {"profile": [URL + "o"]},
        "status": "final",
        "code": {"text": "x"},
        "focus": [{"reference": f"Patient/{number}"} for number in range(MANY)],
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [*patients, {"resource": observation}]}
    with at_most(ENOUGH_SECONDS):
        assert judge(bundle) == []


def test_broken_extensions_stop_the_search(definitions: Definitions) -> None:
    known = profile("x", "Extension", element("Extension.value[x]", min=1, type=[{"code": "code"}]))
    slot = element("Patient.extension", slicing=sliced("value", "url"))
    judge = Judge(definitions, known, profile("p", "Patient", slot))
    broken = {"url": URL + "x", "valueString": "x"}
    with at_most(ENOUGH_SECONDS):
        issues = judge({"resourceType": "Patient", "extension": [broken] * 30_000})
        assert len(issues) == 101


def structure_definition(elements: int) -> dict[str, Any]:
    """Return a StructureDefinition whose elements each invariant of R4 compares with the first, again and again."""
    paths = [{"path": "Patient"}, *({"path": f"Patient.a{number}"} for number in range(elements))]
    return {
        "resourceType": "StructureDefinition",
        "url": "http://example.org/sd",
        "name": "Many",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": CORE + "Patient",
        "derivation": "constraint",
        "differential": {"element": paths},
    }


def test_all_invariants_of_a_resource_share_its_time(structure: Structure) -> None:
    with at_most(2), pytest.raises(TooCostly):
        structure.check(structure_definition(5_000), seconds=0.3)


def test_what_needs_no_invariant_has_its_time_too(structure: Structure) -> None:
    items = [{"linkId": str(number), "type": "string"} for number in range(40_000)]
    with pytest.raises(TooCostly):
        structure.check({"resourceType": "Questionnaire", "status": "draft", "item": items}, seconds=0.02)


def test_resources_in_a_resource_share_its_time(structure: Structure) -> None:
    inner = {"fullUrl": "urn:uuid:0", "resource": {"resourceType": "Patient", "active": True}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [inner] * 20_000}
    with pytest.raises(TooCostly):
        structure.check(bundle, seconds=0.02)
