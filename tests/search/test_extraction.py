"""From a resource to its index rows: parameters compiled, shared, added, and what a wrong shape leads to."""

from typing import Any
from unittest.mock import patch

import pytest

from tests.search.conftest import concept
from usager_server.definitions import Definitions, SearchParameter
from usager_server.errors import Invalid
from usager_server.search.hashing import PRESENT, parameter_hash, reference_hash, split, token_base, token_hash
from usager_server.search.index import IndexRows
from usager_server.search.names import TOKEN_SUFFIXES
from usager_server.search.parameters import SearchRegistry


def added(code: str, kind: str, expression: str, base: str = "Patient") -> SearchParameter:
    return SearchParameter(code, kind, (base,), expression, f"http://x.example/{code}")


def test_every_type_compiles(search_registry: SearchRegistry) -> None:
    for name in search_registry.definitions.resource_types:
        assert {"_id", "_lastUpdated", "_tag", "_profile"} <= set(search_registry.parameters(name))
        assert "_text" not in search_registry.parameters(name)


def test_a_parameter_that_unites_others_leaves_no_rows_of_its_own(search_registry: SearchRegistry) -> None:
    combined = search_registry.parameter("Observation", "combo-code-value-quantity")
    assert combined and set(combined.answered_by) == {"code-value-quantity", "component-code-value-quantity"}


def test_a_parameter_knows_its_shape(search_registry: SearchRegistry) -> None:
    status, birth = (search_registry.parameter(*one) for one in (("Observation", "status"), ("Patient", "birthdate")))
    assert status and status.required and "final" in status.codes
    assert birth and birth.single and not birth.required and birth.leaves == {"date"}


def test_a_code_with_its_system_leaves_one_token(search_registry: SearchRegistry) -> None:
    rows = search_registry.index_rows({"resourceType": "Condition", "code": concept("A1", "urn:s")}, 7)
    assert rows.tokens == [token_hash(7, "Condition", "code", "urn:s", "a1")]


def test_a_concept_of_words_alone_leaves_a_mark_of_its_presence(search_registry: SearchRegistry) -> None:
    rows = search_registry.index_rows({"resourceType": "Condition", "code": {"text": "Toux"}}, 7)
    assert rows.tokens == [split(token_base("Condition", "code") | PRESENT)]


def test_the_parts_of_a_name_and_the_contacts_of_a_system_are_written_once(search_registry: SearchRegistry) -> None:
    person = {"name": [{"family": "Roy", "prefix": ["Dr"]}], "telecom": [{"system": "phone", "value": "01"}]}
    rows = search_registry.index_rows({"resourceType": "Patient", **person}, 1)
    assert [(parameter, words) for parameter, words, _ in rows.strings] == [
        (parameter_hash("Patient", "name"), "dr"),
        (parameter_hash("Patient", "family"), "roy"),
    ]
    deceased = token_hash(1, "Patient", "deceased", "", "false")
    assert set(rows.tokens) == {token_hash(1, "Patient", "telecom", "phone", "01"), deceased}


def test_no_two_parameters_of_a_type_begin_their_tokens_alike(search_registry: SearchRegistry) -> None:
    for kind in search_registry.definitions.resource_types:
        names = [name + suffix for name in search_registry.parameters(kind) for suffix in TOKEN_SUFFIXES]
        assert len({token_base(kind, name) for name in names}) == len(names)


def test_a_parameter_of_a_plugin_that_would_begin_like_another_is_refused(definitions: Definitions) -> None:
    with (
        patch("usager_server.search.parameters.token_base", return_value=1),
        pytest.raises(ValueError, match="Patient"),
    ):
        SearchRegistry(definitions, [added("nationality", "token", NATIONALITY)])


def test_tenants_have_different_hashes(search_registry: SearchRegistry) -> None:
    resource = {"resourceType": "Condition", "code": concept("A1")}
    one, other = (search_registry.index_rows(resource, tenant) for tenant in (1, 2))
    assert not set(one.tokens) & set(other.tokens)


def test_our_own_absolute_references_are_local_ones(definitions: Definitions) -> None:
    registry = SearchRegistry(definitions, base_url="https://us.example/fhir/")
    subject = {"reference": "https://us.example/fhir/Patient/1"}
    rows = registry.index_rows({"resourceType": "Observation", "subject": subject}, 1)
    assert (parameter_hash("Observation", "patient"), reference_hash(1, "Patient/1")) in rows.references


def test_a_contained_patient_counts_as_a_patient_and_points_nowhere(search_registry: SearchRegistry) -> None:
    resource = {
        "resourceType": "Observation",
        "contained": [{"resourceType": "Patient", "id": "p"}],
        "subject": {"reference": "#p"},
    }
    rows = search_registry.index_rows(resource, 1)
    assert {parameter for parameter, _ in rows.references} == {
        parameter_hash("Observation", name) for name in ("subject", "patient")
    }


def test_rows_are_there_once(search_registry: SearchRegistry) -> None:
    name = {"family": "Martin", "given": ["Martin"]}
    rows = search_registry.index_rows({"resourceType": "Patient", "name": [name, name]}, 1)
    for table in (rows.tokens, rows.strings):
        assert len(table) == len(set(table))


NATIONALITY = "Patient.extension('http://x.example/nationality').value.as(CodeableConcept)"
EXTENSION = {"url": "http://x.example/nationality", "valueCodeableConcept": concept("FR", "urn:iso")}


@pytest.mark.parametrize(
    "expression",
    [
        NATIONALITY,
        "Patient.extension.where(url = 'http://x.example/nationality').value.ofType(CodeableConcept)",
        "Patient.extension.where(url.startsWith('http://x.example')).value",
        "Patient.descendants().where(coding.exists())",
    ],
)
def test_plugins_add_parameters_of_any_expression(definitions: Definitions, expression: str) -> None:
    registry = SearchRegistry(definitions, [added("nationality", "token", expression)])
    rows = registry.index_rows({"resourceType": "Patient", "extension": [EXTENSION]}, 1)
    assert token_hash(1, "Patient", "nationality", "urn:iso", "fr") in rows.tokens


def test_a_computed_truth_is_a_token(definitions: Definitions) -> None:
    registry = SearchRegistry(definitions, [added("twin", "token", "Patient.multipleBirth.ofType(integer) > 1")])

    def twin(resource: dict[str, Any]) -> IndexRows:
        return registry.index_rows({"resourceType": "Patient", **resource}, 1)

    assert token_hash(1, "Patient", "twin", "", "true") in twin({"multipleBirthInteger": 2}).tokens
    assert token_hash(1, "Patient", "twin", "", "false") in twin({"multipleBirthInteger": 1}).tokens


@pytest.mark.parametrize(
    "resource",
    [
        {"name": "Martin"},
        {"name": [["Martin"]]},
        {"identifier": [{"value": 12}]},
        {"gender": 3},
        {"birthDate": {"year": 1980}},
        {"name": [{"family": "\ud800"}]},
    ],
)
def test_a_resource_of_the_wrong_shape_is_refused(search_registry: SearchRegistry, resource: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="cannot be indexed"):
        search_registry.index_rows({"resourceType": "Patient", **resource}, 1)
