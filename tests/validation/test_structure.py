"""Structure: elements, cardinalities, choices, underscored siblings, resources inside resources."""

from time import monotonic
from typing import Any

import pytest

from tests.validation.conftest import Check
from tests.validation.helpers import found, only

EXTENSION = {"url": "http://example.org/x", "valueString": "y"}


def test_a_valid_patient_has_no_issue(check: Check, patient: dict[str, Any]) -> None:
    assert check(patient) == []


def test_an_unknown_element_is_named(check: Check, patient: dict[str, Any]) -> None:
    issue = only(check({**patient, "surname": "x"}))
    assert (issue.code, issue.expression) == ("structure", "Patient.surname")
    assert "'surname'" in issue.diagnostics


def test_an_unknown_element_that_is_no_name_leaves_the_path_alone(check: Check, patient: dict[str, Any]) -> None:
    assert only(check({**patient, "a b'); --": 1})).expression == "Patient"


def test_the_place_is_a_fhirpath(check: Check, patient: dict[str, Any]) -> None:
    patient["name"][0]["given"][1] = 3
    assert found(check(patient)) == [("structure", "Patient.name[0].given[1]")]


def test_several_findings_are_several_issues(check: Check, patient: dict[str, Any]) -> None:
    patient |= {"gender": "F", "birthDate": "31/12/1975", "foo": 1}
    assert [issue.expression for issue in check(patient)] == ["Patient.gender", "Patient.birthDate", "Patient.foo"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": {"family": "A"}}, "an array is expected"),
        ({"name": []}, "array is empty"),
        ({"name": [{}]}, "object is empty"),
        ({"name": [{"id": "a"}]}, "object is empty"),
        ({"name": None}, "null"),
        ({"name": ["A"]}, "an object of type HumanName"),
        ({"gender": ["female"]}, "an array"),
        ({"active": "true"}, "true or false"),
        ({"birthDate": None}, "null"),
        ({"maritalStatus": []}, "an array"),
    ],
)
def test_a_wrong_shape_is_refused(check: Check, patient: dict[str, Any], change: dict[str, Any], said: str) -> None:
    assert said in only(check({**patient, **change})).diagnostics


def test_a_missing_element_is_required(check: Check, observation: dict[str, Any]) -> None:
    del observation["status"]
    assert found(check(observation)) == [("required", "Observation.status")]


def test_an_extension_stands_for_a_missing_primitive(check: Check, observation: dict[str, Any]) -> None:
    del observation["status"]
    assert check({**observation, "_status": {"extension": [EXTENSION]}}) == []


def test_two_values_are_one_too_many(check: Check, observation: dict[str, Any]) -> None:
    issue = only(check({**observation, "valueString": "x"}))
    assert (issue.code, issue.expression) == ("structure", "Observation.value")
    assert "valueQuantity and valueString" in issue.diagnostics


def test_a_value_of_another_type_is_unknown(check: Check, observation: dict[str, Any]) -> None:
    assert "valueMoney" in only(check({**observation, "valueMoney": {"value": 1}})).diagnostics


def test_a_required_choice_is_missed(check: Check) -> None:
    request = {"resourceType": "MedicationRequest", "status": "active", "intent": "order"}
    issues = check({**request, "subject": {"reference": "Patient/1"}})
    assert found(issues) == [("required", "MedicationRequest.medication")]


class TestUnderscoredSiblings:
    """A primitive and its id and extensions."""

    def test_they_stand_beside_the_value(self, check: Check, patient: dict[str, Any]) -> None:
        assert check({**patient, "_birthDate": {"id": "a", "extension": [EXTENSION]}}) == []

    def test_an_id_alone_needs_a_value(self, check: Check, patient: dict[str, Any]) -> None:
        assert check({**patient, "_birthDate": {"id": "a"}}) == []
        del patient["birthDate"]
        assert "ele-1" in only(check({**patient, "_birthDate": {"id": "a"}})).diagnostics

    def test_null_fills_the_gaps_of_two_arrays(self, check: Check, patient: dict[str, Any]) -> None:
        patient["name"] = [{"given": ["ZOE", None], "_given": [None, {"extension": [EXTENSION]}]}]
        assert check(patient) == []

    def test_null_in_both_is_refused(self, check: Check, patient: dict[str, Any]) -> None:
        patient["name"] = [{"given": ["ZOE", None], "_given": [{"id": "x"}, None]}]
        assert found(check(patient)) == [("structure", "Patient.name[0].given[1]")]

    def test_null_alone_is_refused(self, check: Check, patient: dict[str, Any]) -> None:
        patient["name"] = [{"given": ["ZOE", None]}]
        assert found(check(patient)) == [("structure", "Patient.name[0].given[1]")]

    def test_the_arrays_have_one_length(self, check: Check, patient: dict[str, Any]) -> None:
        patient["name"] = [{"given": ["ZOE"], "_given": [None, {"extension": [EXTENSION]}]}]
        assert found(check(patient)) == [("structure", "Patient.name[0].given")]

    def test_only_primitives_have_one(self, check: Check, patient: dict[str, Any]) -> None:
        assert "'_name'" in only(check({**patient, "_name": [{"id": "a"}]})).diagnostics
        assert "'_id'" in only(check({**patient, "_id": {"id": "a"}})).diagnostics

    def test_the_other_type_of_a_choice_may_not_hide_there(self, check: Check, observation: dict[str, Any]) -> None:
        issues = check({**observation, "_valueString": {"extension": [EXTENSION]}})
        assert ("structure", "Observation.value") in found(issues)


class TestResourcesInside:
    """Contained resources and entries of a Bundle."""

    def test_a_contained_resource_is_checked(self, check: Check, patient: dict[str, Any]) -> None:
        patient["contained"] = [{"resourceType": "Organization", "id": "o", "name": "x", "foo": 1}]
        patient["managingOrganization"] = {"reference": "#o"}
        assert found(check(patient)) == [("structure", "Patient.contained[0].foo")]

    def test_an_entry_is_checked(self, check: Check, patient: dict[str, Any]) -> None:
        entry = {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "resource": {**patient, "gender": "F"}}
        issues = check({"resourceType": "Bundle", "type": "collection", "entry": [entry]})
        assert found(issues) == [("code-invalid", "Bundle.entry[0].resource.gender")]

    @pytest.mark.parametrize("inner", [{}, {"resourceType": "Foo"}, {"resourceType": 1}, [], "x", None])
    def test_what_is_no_resource_is_refused(self, check: Check, inner: Any) -> None:
        issues = check({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]})
        assert [issue.expression for issue in issues] == ["Bundle.entry[0].resource"]


@pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"resourceType": "Foo"}, {"resourceType": ["Patient"]}])
def test_what_is_no_resource_is_one_issue(check: Check, body: Any) -> None:
    assert len(check(body)) == 1


def test_another_type_than_expected_is_refused(structure: Any, patient: dict[str, Any]) -> None:
    assert "Observation is expected" in only(structure.check(patient, "Observation")).diagnostics


def test_nesting_has_a_limit(check: Check, patient: dict[str, Any]) -> None:
    extension: dict[str, Any] = dict(EXTENSION)
    for _ in range(90):
        extension = {"url": "http://example.org/x", "extension": [extension]}
    assert "deeper than" in only(check({**patient, "extension": [extension]})).diagnostics


def test_the_list_of_issues_has_an_end(check: Check, patient: dict[str, Any]) -> None:
    issues = check({**patient, **{f"x{number}": 1 for number in range(5_000)}})
    assert len(issues) == 101
    assert issues[-1].code == "incomplete"


def test_a_million_faults_are_not_all_looked_for(check: Check, patient: dict[str, Any]) -> None:
    faults: list[dict[str, Any]] = [{"name": [[]] * 1_000_000}, {f"a{number}": 1 for number in range(200_000)}]
    faults.append({"name": [{"given": [1] * 1_000_000, "_given": [1] * 1_000_000}]})
    began = monotonic()
    assert all(check({**patient, **fault}) for fault in faults)
    assert monotonic() - began < 2


def test_unknown_names_are_not_kept(check: Check, structure: Any, patient: dict[str, Any]) -> None:
    check({**patient, "name": [{"neverKept": 1}]})
    assert "neverKept" in only(check({**patient, "name": [{"neverKept": 1}]})).diagnostics
