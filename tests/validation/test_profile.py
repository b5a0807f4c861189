"""Profiles: cardinality, fixed and pattern values, bindings, targets, invariants, inheritance."""

from typing import Any

import pytest

from tests.validation.helpers import found, only
from tests.validation.profiles import CORE, URL, Judge, element, profile, value_set
from usager_server.definitions import Definitions

SYSTEM = "http://example.org/codes"


@pytest.mark.parametrize(
    ("rules", "code", "said"),
    [
        (element("Patient.deceased[x]", min=1), "required", "deceased is missing"),
        (element("Patient.gender", max="0"), "structure", "may not stand"),
        (element("Patient.name", min=2), "required", "stands 1 times"),
        (element("Patient.name.given", max="1"), "structure", "stands 2 times; the profile allows 1"),
        (element("Patient.name.period", min=1), "required", "period is missing"),
        (element("Patient.gender", fixedCode="male"), "value", "male"),
        (element("Patient.name", patternHumanName={"use": "usual"}), "value", "at least"),
        (element("Patient.name.family", maxLength=3), "too-long", "5 characters"),
        (element("Patient.birthDate.extension", min=1), "required", "extension is missing"),
        (element("Patient.link.other", min=1), None, ""),
    ],
)
def test_a_rule_is_applied(
    definitions: Definitions, patient: dict[str, Any], rules: dict[str, Any], code: str | None, said: str
) -> None:
    issues = Judge(definitions, profile("p", "Patient", rules))(patient, "p")
    if code is None:
        assert issues == []
        return
    assert only(issues).code == code
    assert said in only(issues).diagnostics


def test_the_profile_is_named_and_the_place_is_exact(definitions: Definitions, patient: dict[str, Any]) -> None:
    issue = only(Judge(definitions, profile("p", "Patient", element("Patient.name.period", min=1)))(patient, "p"))
    assert issue.expression == "Patient.name[0].period"
    assert issue.diagnostics.endswith("[p]")


@pytest.mark.parametrize(
    ("rules", "resource", "holds"),
    [
        ({"fixedQuantity": {"value": 61, "unit": "kg"}}, {"value": 61, "unit": "kg"}, True),
        ({"fixedQuantity": {"value": 61}}, {"value": 61, "unit": "kg"}, False),
        ({"patternQuantity": {"unit": "kg"}}, {"value": 61, "unit": "kg"}, True),
        ({"patternQuantity": {"unit": "g"}}, {"value": 61, "unit": "kg"}, False),
    ],
)
def test_fixed_is_exact_and_pattern_is_a_part(
    definitions: Definitions, observation: dict[str, Any], rules: dict[str, Any], resource: Any, holds: bool
) -> None:
    judge = Judge(definitions, profile("o", "Observation", element("Observation.valueQuantity", **rules)))
    assert (judge({**observation, "valueQuantity": resource}, "o") == []) is holds


def test_a_pattern_finds_its_items_in_any_order(definitions: Definitions, observation: dict[str, Any]) -> None:
    pattern = {"coding": [{"code": "b"}, {"code": "a"}]}
    judge = Judge(definitions, profile("o", "Observation", element("Observation.code", patternCodeableConcept=pattern)))
    coding = [{"code": "a", "system": SYSTEM}, {"code": "c"}, {"code": "b"}]
    assert judge({**observation, "code": {"coding": coding}}, "o") == []
    assert judge({**observation, "code": {"coding": coding[:2]}}, "o") != []


def test_a_choice_is_narrowed(definitions: Definitions, observation: dict[str, Any]) -> None:
    judge = Judge(
        definitions, profile("o", "Observation", element("Observation.value[x]", type=[{"code": "Quantity"}]))
    )
    assert judge(observation, "o") == []
    del observation["valueQuantity"]
    issue = only(judge({**observation, "valueString": "x"}, "o"))
    assert (issue.expression, "wants Quantity" in issue.diagnostics) == ("Observation.value", True)


class TestBindings:
    """Required is an error, extensible a warning, the rest nothing."""

    @pytest.mark.parametrize(
        ("strength", "severity"), [("required", "error"), ("extensible", "warning"), ("preferred", None)]
    )
    def test_a_code_outside(
        self, definitions: Definitions, observation: dict[str, Any], strength: str, severity: str | None
    ) -> None:
        values = value_set("v", SYSTEM, "a", "b")
        bound = element("Observation.code", binding={"strength": strength, "valueSet": values["url"]})
        judge = Judge(definitions, values, profile("o", "Observation", bound))
        assert judge({**observation, "code": {"coding": [{"system": SYSTEM, "code": "a"}]}}, "o") == []
        issues = judge({**observation, "code": {"coding": [{"system": SYSTEM, "code": "c"}]}}, "o")
        assert [issue.severity for issue in issues] == ([severity] if severity else [])

    def test_a_required_code_may_not_be_left_out(self, definitions: Definitions, observation: dict[str, Any]) -> None:
        values = value_set("v", SYSTEM, "a")
        bound = element("Observation.code", binding={"strength": "required", "valueSet": values["url"]})
        judge = Judge(definitions, values, profile("o", "Observation", bound))
        assert found(judge(observation, "o")) == [("code-invalid", "Observation.code")]

    def test_a_system_without_list_accepts_all_its_codes(
        self, definitions: Definitions, observation: dict[str, Any]
    ) -> None:
        values = value_set("v", SYSTEM)
        bound = element("Observation.code", binding={"strength": "required", "valueSet": values["url"]})
        judge = Judge(definitions, values, profile("o", "Observation", bound))
        assert judge({**observation, "code": {"coding": [{"system": SYSTEM, "code": "any"}]}}, "o") == []
        assert judge({**observation, "code": {"coding": [{"system": "urn:x", "code": "any"}]}}, "o") != []

    def test_an_unknown_set_is_judged_by_nobody(self, definitions: Definitions, observation: dict[str, Any]) -> None:
        bound = element("Observation.code", binding={"strength": "required", "valueSet": "http://example.org/none"})
        assert Judge(definitions, profile("o", "Observation", bound))(observation, "o") == []


class TestTargets:
    """Target profiles of references."""

    ORGANIZATION = profile("o", "Organization", element("Organization.name", min=1))
    PATIENT = profile(
        "p",
        "Patient",
        element(
            "Patient.generalPractitioner",
            type=[{"code": "Reference", "targetProfile": [URL + "o", CORE + "Practitioner"]}],
        ),
    )

    def test_another_type_is_refused(self, definitions: Definitions, patient: dict[str, Any]) -> None:
        judge = Judge(definitions, self.ORGANIZATION, self.PATIENT)
        for reference, count in (("Organization/1", 0), ("PractitionerRole/1", 1), ("urn:uuid:unknown", 0)):
            patient["generalPractitioner"] = [{"reference": reference}]
            assert len(judge(patient, "p")) == count, reference

    def test_a_contained_resource_must_conform(self, definitions: Definitions, patient: dict[str, Any]) -> None:
        judge = Judge(definitions, self.ORGANIZATION, self.PATIENT)
        patient["generalPractitioner"] = [{"reference": "#x"}]
        contained = {"resourceType": "Organization", "id": "x"}
        assert judge({**patient, "contained": [{**contained, "name": "a"}]}, "p") == []
        named = {**patient, "contained": [{**contained, "identifier": [{"value": "1"}]}]}
        assert "conforms to none" in only(judge(named, "p")).diagnostics

    def test_a_target_that_is_not_installed_is_judged_by_nobody(
        self, definitions: Definitions, patient: dict[str, Any]
    ) -> None:
        patient["generalPractitioner"] = [{"reference": "PractitionerRole/1"}]
        assert Judge(definitions, self.PATIENT)(patient, "p") == []


def test_an_invariant_is_evaluated_where_it_stands(definitions: Definitions, patient: dict[str, Any]) -> None:
    rule = {"key": "x-1", "severity": "error", "human": "Two given names", "expression": "given.count() = 3"}
    issue = only(Judge(definitions, profile("p", "Patient", element("Patient.name", constraint=[rule])))(patient, "p"))
    assert (issue.code, issue.expression) == ("invariant", "Patient.name[0]")
    assert "Two given names (x-1)" in issue.diagnostics


def test_an_invariant_of_warning_severity_is_a_warning(definitions: Definitions, patient: dict[str, Any]) -> None:
    rule = {"key": "x-2", "severity": "warning", "human": "A photo", "expression": "photo.exists()"}
    issues = Judge(definitions, profile("p", "Patient", element("Patient", constraint=[rule])))(patient, "p")
    assert only(issues).severity == "warning"


def test_a_derived_profile_adds_to_its_base(definitions: Definitions, patient: dict[str, Any]) -> None:
    base = profile("base", "Patient", element("Patient.telecom", min=1), element("Patient.name.given", max="1"))
    derived = profile(
        "derived",
        "Patient",
        element("Patient.name.given", min=1),
        element("Patient.photo", min=1),
        baseDefinition=URL + "base",
    )
    assert found(Judge(definitions, base, derived)(patient, "derived")) == [
        ("required", "Patient.telecom"),
        ("structure", "Patient.name[0].given"),
        ("required", "Patient.photo"),
    ]


def test_a_datatype_profile_is_applied_to_its_values(definitions: Definitions, patient: dict[str, Any]) -> None:
    name = profile("name", "HumanName", element("HumanName.text", min=1))
    patient_profile = profile(
        "p", "Patient", element("Patient.name", type=[{"code": "HumanName", "profile": [URL + "name"]}])
    )
    assert found(Judge(definitions, name, patient_profile)(patient, "p")) == [("required", "Patient.name[0].text")]


def test_a_snapshot_is_taken_as_it_is(definitions: Definitions, patient: dict[str, Any]) -> None:
    snapshot = {"element": [element("Patient", min=0), element("Patient.photo", min=1, max="*")]}
    whole = profile("p", "Patient", element("Patient.telecom", min=1), snapshot=snapshot)
    assert found(Judge(definitions, whole)(patient, "p")) == [("required", "Patient.photo")]


class TestClaims:
    """Which profiles are checked."""

    def test_meta_profile_is_a_claim_with_or_without_version(
        self, definitions: Definitions, patient: dict[str, Any]
    ) -> None:
        judge = Judge(definitions, profile("p", "Patient", element("Patient.photo", min=1)))
        for claim in (URL + "p", URL + "p|2.1.0"):
            assert found(judge({**patient, "meta": {"profile": [claim]}})) == [("required", "Patient.photo")]

    def test_an_unknown_profile_is_a_warning(self, definitions: Definitions, patient: dict[str, Any]) -> None:
        issue = only(Judge(definitions)({**patient, "meta": {"profile": [URL + "unknown"]}}))
        assert (issue.severity, issue.code) == ("warning", "not-found")

    def test_the_definition_of_the_type_is_no_profile(self, definitions: Definitions, patient: dict[str, Any]) -> None:
        assert Judge(definitions)({**patient, "meta": {"profile": [CORE + "Patient"]}}) == []

    def test_a_profile_of_another_type_is_an_error(self, definitions: Definitions, patient: dict[str, Any]) -> None:
        judge = Judge(definitions, profile("o", "Observation"))
        assert "is one of Observation" in only(judge(patient, "o")).diagnostics

    def test_resources_inside_are_checked_against_their_own(
        self, definitions: Definitions, patient: dict[str, Any]
    ) -> None:
        judge = Judge(definitions, profile("p", "Patient", element("Patient.photo", min=1)))
        claimed = {**patient, "meta": {"profile": [URL + "p"]}}
        bundle = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": patient}, {"resource": claimed}],
        }
        assert found(judge(bundle)) == [("required", "Bundle.entry[1].resource.photo")]


def test_warnings_do_not_hide_the_error_that_follows(definitions: Definitions, observation: dict[str, Any]) -> None:
    values = value_set("v", SYSTEM, "a")
    rules = [
        element("Observation.category", binding={"strength": "extensible", "valueSet": values["url"]}),
        element("Observation.note", min=1),
    ]
    judge = Judge(definitions, values, profile("o", "Observation", *rules))
    outside = {"coding": [{"system": SYSTEM, "code": "b"}]}
    issues = judge({**observation, "category": [outside] * 500}, "o")
    assert ("required", "Observation.note") in found(issues)
