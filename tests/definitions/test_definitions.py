"""The definitions as the house sees them."""

import time

import pytest

from usager_server.definitions import Definitions, load


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load()


def test_load_takes_less_than_150_ms() -> None:
    best = min(_seconds() for _ in range(5))
    assert best < 0.150


def _seconds() -> float:
    start = time.process_time()
    load.__wrapped__()
    return time.process_time() - start


def test_every_concrete_resource_type_is_there(definitions: Definitions) -> None:
    assert len(definitions.resource_types) == 146
    assert definitions.resource_types.isdisjoint({"Resource", "DomainResource", "MetadataResource"})


def test_type_numbers_never_change(definitions: Definitions) -> None:
    numbers = definitions.type_numbers
    assert set(numbers) == definitions.resource_types
    assert (numbers["Account"], numbers["Patient"], numbers["VisionPrescription"]) == (1, 103, 146)


def test_every_type_named_by_an_element_is_defined(definitions: Definitions) -> None:
    named = {kind for known in definitions.types.values() for element in known.elements for kind in element.types}
    assert named <= set(definitions.types)


def test_every_reference_target_is_a_resource_type(definitions: Definitions) -> None:
    named = {target for known in definitions.types.values() for element in known.elements for target in element.targets}
    assert named <= definitions.resource_types


def test_a_choice_is_found_by_its_json_names(definitions: Definitions) -> None:
    element, kind = definitions.property_map("Observation")["valueQuantity"]
    assert (element.name, element.choice, kind) == ("value", True, "Quantity")
    assert "value" not in definitions.property_map("Observation")


def test_a_backbone_is_a_type_of_its_own(definitions: Definitions) -> None:
    _, kind = definitions.property_map("Patient")["contact"]
    assert kind == "Patient.contact"
    assert definitions.types[kind].kind == "backbone"
    assert [item.key for item in definitions.types[kind].invariants if item.key != "ele-1"] == ["pat-1"]


def test_a_content_reference_names_the_type_it_repeats(definitions: Definitions) -> None:
    assert definitions.property_map("Questionnaire.item")["item"][1] == "Questionnaire.item"
    assert definitions.property_map("Bundle.entry")["link"][1] == "Bundle.link"


def test_ids_and_urls_have_their_fhir_types(definitions: Definitions) -> None:
    assert definitions.property_map("Patient")["id"][1] == "id"
    assert definitions.property_map("Patient.contact")["id"][1] == "string"
    url, kind = definitions.property_map("Extension")["url"]
    assert (kind, url.attribute, url.min) == ("uri", True, 1)


def test_primitives_carry_their_pattern(definitions: Definitions) -> None:
    assert definitions.types["id"].pattern == r"[A-Za-z0-9\-\.]{1,64}"
    assert [name for name, known in definitions.types.items() if known.kind == "primitive" and not known.pattern] == [
        "xhtml"
    ]


def test_a_type_knows_those_it_derives_from(definitions: Definitions) -> None:
    assert definitions.ancestors("Age") == ("Age", "Quantity", "Element")
    assert definitions.is_a("Patient", "Resource")
    assert not definitions.is_a("Bundle", "DomainResource")


def test_every_finite_required_binding_is_listed(definitions: Definitions) -> None:
    bound = {element.binding for known in definitions.types.values() for element in known.elements if element.binding}
    assert {canonical.rpartition("/")[2] for canonical in bound if canonical not in definitions.value_sets} == {
        "currencies",
        "mimetypes",
        "ucum-units",
        "LL379-9",
    }


def test_a_required_value_set_holds_its_codes(definitions: Definitions) -> None:
    genders = definitions.value_sets["http://hl7.org/fhir/ValueSet/administrative-gender"]
    assert genders == {"http://hl7.org/fhir/administrative-gender": {"male", "female", "other", "unknown"}}


def test_a_value_set_of_a_hierarchy_holds_what_is_below(definitions: Definitions) -> None:
    classes = definitions.value_sets["http://terminology.hl7.org/ValueSet/v3-ActEncounterCode"]
    assert {"AMB", "IMP", "ACUTE"} <= classes["http://terminology.hl7.org/CodeSystem/v3-ActCode"]


def test_a_code_system_says_the_parent_of_a_code(definitions: Definitions) -> None:
    acts = definitions.code_systems["http://terminology.hl7.org/CodeSystem/v3-ActCode"]
    assert acts["ACUTE"] == "IMP"


def test_every_standard_search_parameter_is_there(definitions: Definitions) -> None:
    parameters = {item.url: item for item in definitions.search_parameters}
    assert len(parameters) == 1375
    patient = parameters["http://hl7.org/fhir/SearchParameter/clinical-patient"]
    assert patient.targets == ("Group", "Patient")


def test_a_compartment_says_which_parameters_link_to_it(definitions: Definitions) -> None:
    assert set(definitions.compartments) == {"Patient", "Encounter", "RelatedPerson", "Practitioner", "Device"}
    assert list(definitions.compartments["Patient"]["Observation"]) == ["subject", "performer"]
