"""Required bindings: codes, Codings, CodeableConcepts."""

from typing import Any

from tests.validation.conftest import Check
from tests.validation.helpers import found, only

ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


def test_a_code_outside_is_told_the_ones_inside(check: Check, patient: dict[str, Any]) -> None:
    issue = only(check({**patient, "gender": "F"}))
    assert (issue.code, issue.expression) == ("code-invalid", "Patient.gender")
    assert "one of female, male, other, unknown" in issue.diagnostics


def test_a_concept_needs_one_coding_of_the_set(check: Check) -> None:
    allergy = {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"}}
    other = {"system": "http://example.org", "code": "x"}
    inside = {"system": ALLERGY, "code": "active"}
    assert check({**allergy, "clinicalStatus": {"coding": [other, inside]}}) == []
    assert found(check({**allergy, "clinicalStatus": {"coding": [other]}})) == [
        ("code-invalid", "AllergyIntolerance.clinicalStatus")
    ]


def test_the_system_counts(check: Check) -> None:
    allergy = {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"}}
    assert check({**allergy, "clinicalStatus": {"coding": [{"code": "active"}]}}) != []


def test_an_extensible_binding_refuses_nothing(check: Check, patient: dict[str, Any]) -> None:
    assert check({**patient, "maritalStatus": {"text": "pacsée"}}) == []


def test_an_open_set_refuses_nothing(check: Check) -> None:
    assert check({"resourceType": "Binary", "contentType": "application/x-ours", "data": "QUJD"}) == []
