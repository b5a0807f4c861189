"""References: form, targets, contained ones."""

from typing import Any

import pytest

from tests.validation.conftest import Check
from tests.validation.helpers import found, only

GOOD = [
    {"reference": "Organization/1"},
    {"reference": "Organization/1/_history/2"},
    {"reference": "http://example.org/fhir/Organization/1"},
    {"reference": "https://example.org/anything?x=1"},
    {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
    {"reference": "urn:oid:1.2.3"},
    {"reference": "Organization?identifier=urn:x|1"},
    {"reference": "Organization/1", "type": "Organization"},
    {"reference": "https://example.org/x", "type": "http://hl7.org/fhir/StructureDefinition/Organization"},
    {"display": "Résidence des Tilleuls"},
    {"identifier": {"value": "1"}},
    {"type": "Organization", "identifier": {"value": "1"}},
]

BAD = [
    ({"reference": "Patient/1"}, "structure", "points at a Patient"),
    ({"reference": "http://example.org/fhir/Patient/1"}, "structure", "points at a Patient"),
    ({"reference": "Patient?name=x"}, "structure", "points at a Patient"),
    ({"reference": "Foo/1"}, "value", "'Foo' is not a resource type"),
    ({"reference": "Organization/a_b"}, "value", "is not a reference"),
    ({"reference": "Organization/" + "a" * 65}, "value", "is not a reference"),
    ({"reference": "Organization"}, "value", "is not a reference"),
    ({"reference": "nowhere"}, "value", "is not a reference"),
    ({"reference": "#missing"}, "value", "no contained resource"),
    ({"reference": "#"}, "value", "not contained"),
    ({"type": "Patient", "identifier": {"value": "1"}}, "structure", "a reference to Organization"),
    ({"type": "Foo", "identifier": {"value": "1"}}, "value", "not a resource type"),
    ({"reference": 1}, "structure", "a JSON string"),
]


@pytest.mark.parametrize("reference", GOOD)
def test_a_sound_reference_is_accepted(check: Check, patient: dict[str, Any], reference: dict[str, Any]) -> None:
    assert check({**patient, "managingOrganization": reference}) == []


@pytest.mark.parametrize(("reference", "code", "said"), BAD)
def test_another_is_refused(
    check: Check, patient: dict[str, Any], reference: dict[str, Any], code: str, said: str
) -> None:
    issue = only(check({**patient, "managingOrganization": reference}))
    assert issue.code == code
    assert said in issue.diagnostics


def test_a_type_must_be_that_of_the_reference(check: Check, patient: dict[str, Any]) -> None:
    practitioner = {"reference": "Practitioner/1", "type": "Organization"}
    assert found(check({**patient, "generalPractitioner": [practitioner]})) == [
        ("structure", "Patient.generalPractitioner[0].type")
    ]


def test_a_contained_resource_must_be_of_a_target_type(check: Check, patient: dict[str, Any]) -> None:
    patient |= {"contained": [{"resourceType": "Location", "id": "l"}], "managingOrganization": {"reference": "#l"}}
    assert "points at a Location" in only(check(patient)).diagnostics


def test_a_contained_resource_may_point_at_its_container(check: Check, patient: dict[str, Any]) -> None:
    account = {"resourceType": "Account", "id": "a", "status": "active", "subject": [{"reference": "#"}]}
    assert check({**patient, "contained": [account]}) == []


def test_the_entries_of_a_bundle_do_not_share_contained_resources(check: Check, patient: dict[str, Any]) -> None:
    first = {**patient, "contained": [{"resourceType": "Organization", "id": "o", "name": "x"}]}
    first["managingOrganization"] = {"reference": "#o"}
    second = {**patient, "managingOrganization": {"reference": "#o"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": first}, {"resource": second}]}
    assert found(check(bundle)) == [("value", "Bundle.entry[1].resource.managingOrganization.reference")]
