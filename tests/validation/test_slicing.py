"""Slices: every kind of discriminator, counts, closed slicings, nested paths."""

from typing import Any

from tests.validation.helpers import found, only
from tests.validation.profiles import CORE, URL, Judge, element, profile, sliced, value_set
from usager_server.definitions import Definitions

SYSTEM = "http://example.org/codes"


def identified(*identifiers: dict[str, Any]) -> dict[str, Any]:
    """Return a Patient with these identifiers."""
    return {"resourceType": "Patient", "identifier": list(identifiers)}


def test_a_slice_is_told_by_a_fixed_value(definitions: Definitions) -> None:
    rules = [
        element("Patient.identifier", slicing=sliced("value", "system")),
        element("Patient.identifier:a", min=1, max="1"),
        element("Patient.identifier:a.system", min=1, fixedUri="urn:a"),
        element("Patient.identifier:a.value", min=1),
    ]
    judge = Judge(definitions, profile("p", "Patient", *rules))
    assert judge(identified({"system": "urn:a", "value": "1"}, {"system": "urn:b"}), "p") == []
    assert "identifier:a is missing" in only(judge(identified({"system": "urn:b"}), "p")).diagnostics
    assert found(judge(identified({"system": "urn:a"}), "p")) == [("required", "Patient.identifier[0].value")]
    twice = identified({"system": "urn:a", "value": "1"}, {"system": "urn:a", "value": "2"})
    assert "stands 2 times" in only(judge(twice, "p")).diagnostics


def test_a_slice_is_told_by_a_pattern_above_the_path(definitions: Definitions) -> None:
    rules = [
        element("Patient.identifier", slicing=sliced("value", "type.coding.code", "closed")),
        element("Patient.identifier:a", max="1"),
        element("Patient.identifier:a.type", patternCodeableConcept={"coding": [{"system": SYSTEM, "code": "A"}]}),
    ]
    judge = Judge(definitions, profile("p", "Patient", *rules))
    one = {"type": {"coding": [{"code": "X"}, {"system": SYSTEM, "code": "A"}]}, "value": "1"}
    assert judge(identified(one), "p") == []
    assert "no slice" in only(judge(identified({"value": "1"}), "p")).diagnostics


def test_a_slice_is_told_by_what_stands_below_the_path(definitions: Definitions) -> None:
    rules = [
        element("Patient.identifier", slicing=sliced("pattern", "type")),
        element("Patient.identifier:a", max="0"),
        element("Patient.identifier:a.type.coding.code", patternCode="A"),
    ]
    judge = Judge(definitions, profile("p", "Patient", *rules))
    assert judge(identified({"type": {"coding": [{"code": "B"}]}}), "p") == []
    assert "may not stand" in only(judge(identified({"type": {"coding": [{"code": "A"}]}}), "p")).diagnostics


def test_a_slice_is_told_by_a_required_binding(definitions: Definitions, observation: dict[str, Any]) -> None:
    values = value_set("v", SYSTEM, "a")
    rules = [
        element("Observation.category", slicing=sliced("value", "$this")),
        element("Observation.category:v", min=1, binding={"strength": "required", "valueSet": values["url"]}),
    ]
    judge = Judge(definitions, values, profile("o", "Observation", *rules))
    assert judge({**observation, "category": [{"coding": [{"system": SYSTEM, "code": "a"}]}]}, "o") == []
    assert judge({**observation, "category": [{"coding": [{"system": SYSTEM, "code": "b"}]}]}, "o") != []


def test_a_slice_is_told_by_existence(definitions: Definitions) -> None:
    rules = [
        element("Patient.identifier", slicing=sliced("exists", "period.end")),
        element("Patient.identifier:current", max="1"),
        element("Patient.identifier:current.period.end", max="0"),
        element("Patient.identifier:old.period.end", min=1),
        element("Patient.identifier:old.use", min=1),
    ]
    judge = Judge(definitions, profile("p", "Patient", *rules))
    old, current = {"use": "old", "period": {"end": "2020"}}, {"value": "1"}
    assert judge(identified(old, current), "p") == []
    assert found(judge(identified({"period": {"end": "2020"}}, current), "p")) == [
        ("required", "Patient.identifier[0].use")
    ]
    assert "stands 2 times" in only(judge(identified(current, current), "p")).diagnostics


def test_a_choice_is_sliced_by_type(definitions: Definitions, observation: dict[str, Any]) -> None:
    rules = [
        element("Observation.value[x]", slicing=sliced("type", "$this")),
        element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
        element("Observation.value[x]:valueQuantity.code", min=1),
    ]
    judge = Judge(definitions, profile("o", "Observation", *rules))
    assert found(judge(observation, "o")) == [("required", "Observation.value.code")]
    del observation["valueQuantity"]
    assert judge({**observation, "valueString": "x"}, "o") == []


def test_a_choice_written_short_is_the_same(definitions: Definitions, observation: dict[str, Any]) -> None:
    judge = Judge(definitions, profile("o", "Observation", element("Observation.valueQuantity.code", min=1)))
    assert found(judge(observation, "o")) == [("required", "Observation.value.code")]


def test_references_are_sliced_by_the_type_they_point_at(definitions: Definitions, patient: dict[str, Any]) -> None:
    rules = [
        element("Patient.generalPractitioner", slicing=sliced("type", "resolve()")),
        element(
            "Patient.generalPractitioner:structure",
            min=1,
            type=[{"code": "Reference", "targetProfile": [CORE + "Organization"]}],
        ),
    ]
    judge = Judge(definitions, profile("p", "Patient", *rules))
    assert judge({**patient, "generalPractitioner": [{"reference": "Organization/1"}]}, "p") == []
    assert judge({**patient, "generalPractitioner": [{"reference": "Practitioner/1"}]}, "p") != []


def test_entries_are_sliced_by_the_profile_of_their_resource(definitions: Definitions, patient: dict[str, Any]) -> None:
    person = profile("person", "Patient", element("Patient.birthDate", min=1))
    rules = [
        element("Bundle.entry", slicing=sliced("profile", "resource")),
        element("Bundle.entry:person", min=1),
        element("Bundle.entry:person.resource", type=[{"code": "Patient", "profile": [URL + "person"]}]),
    ]
    judge = Judge(definitions, person, profile("b", "Bundle", *rules))
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}
    assert judge(bundle, "b") == []
    del patient["birthDate"]
    assert "entry:person is missing" in only(judge(bundle, "b")).diagnostics


def test_a_path_goes_through_an_extension(definitions: Definitions) -> None:
    url = "http://example.org/kind"
    rules = [
        element("Patient.identifier", slicing=sliced("value", f"extension('{url}').value")),
        element("Patient.identifier:a", max="0"),
        element("Patient.identifier:a.extension:kind", type=[{"code": "Extension", "profile": [url]}]),
        element("Patient.identifier:a.extension:kind.value[x]", fixedCode="A"),
    ]
    judge = Judge(definitions, profile("p", "Patient", *rules))
    for code, count in (("A", 1), ("B", 0)):
        identifier = {"value": "1", "extension": [{"url": url, "valueCode": code}]}
        assert len(judge(identified(identifier), "p")) == count
