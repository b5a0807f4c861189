"""From a resource to its parts, and back to where they stand."""

from typing import Any

import pytest

from tests.fhirpath.conftest import Ask
from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.fhirpath import Environment, Node, compile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name.given", ["Anne", "Marie", "Nanou", None]),
        ("Patient.name.family", ["Durand"]),
        ("Observation.name", []),
        ("Resource.id", ["p1"]),
        ("DomainResource.contained.name", ["EHPAD des Lilas"]),
        ("deceased", [False]),
        ("deceasedBoolean", []),
        ("birthDate.extension.value", ["1954-12-25T14:35:45-05:00"]),
        ("birthDate.extension('http://example.org/time').exists()", [True]),
        ("name.given.extension.value", ["v"]),
        ("name.given.id", ["g2"]),
        ("name[1].given.hasValue()", [False]),
        ("name.given.where($this.hasValue()).count()", [3]),
        ("birthDate.hasValue() and birthDate.getValue() is System.Date", [True]),
        ("identifier.period.start", ["2001-05-06"]),
        ("nothing.at.all", []),
        ("managingOrganization.resolve().name", ["EHPAD des Lilas"]),
        ("generalPractitioner.resolve()", []),
        ("contained.where(id = %rootResource.managingOrganization.reference.substring(1)).name", ["EHPAD des Lilas"]),
        ("identifier.where(value = '2').select($index)", [0]),
        ("identifier.select($index)", [0, 1]),
    ],
)
def test_a_path_gives(ask: Ask, text: str, expected: list[Any]) -> None:
    assert ask(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extension.value is Age", True),
        ("extension.value is Quantity", True),
        ("extension.value is Duration", False),
        ("Patient is DomainResource", True),
        ("gender is string", True),
        ("gender.ofType(string).exists()", False),
        ("gender.as(code).exists()", True),
        ("active is boolean", True),
        ("active is Boolean", False),
        ("1 is Integer", True),
        ("name.first() is BackboneElement", False),
        ("contained.first().type().name = 'Organization'", True),
        ("name.type().namespace.distinct() = 'FHIR'", True),
    ],
)
def test_items_know_their_type(ask: Ask, text: str, expected: bool) -> None:
    assert ask(text) == [expected]


def test_a_node_knows_where_it_stands(definitions: Definitions, patient: dict[str, Any]) -> None:
    (given,) = compile("name.given.where($this = 'Marie')", definitions).evaluate(patient)
    assert given.path == "Patient.name[0].given[1]"
    assert given.holder is patient["name"][0]
    assert (given.key, given.index) == ("given", 1)


def test_a_choice_has_two_names(definitions: Definitions, patient: dict[str, Any]) -> None:
    (deceased,) = compile("deceased", definitions).evaluate(patient)
    assert deceased.path == "Patient.deceasedBoolean"
    assert deceased.expression(definitions) == "Patient.deceased"


def test_the_extension_of_a_primitive_stands_in_its_sibling(definitions: Definitions, patient: dict[str, Any]) -> None:
    (extension,) = compile("birthDate.extension", definitions).evaluate(patient)
    assert extension.holder is patient["_birthDate"]
    assert (extension.key, extension.index) == ("extension", 0)


def test_computed_values_are_nodes_of_system_types(definitions: Definitions, patient: dict[str, Any]) -> None:
    (count,) = compile("name.count()", definitions).evaluate(patient)
    assert (count.value, count.type) == (2, "System.Integer")


def test_a_reference_is_resolved_in_its_bundle(ask: Ask, patient: dict[str, Any]) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1", "active": True}
    entries = [{"fullUrl": "http://x/fhir/Practitioner/d1", "resource": doctor}, {"resource": patient}]
    bundle = {"resourceType": "Bundle", "entry": entries}
    assert ask("entry.resource.generalPractitioner.resolve().active", bundle) == [True]


def test_a_reference_is_resolved_by_the_environment(ask: Ask) -> None:
    environment = Environment(resolve=lambda reference: {"resourceType": "Practitioner", "id": reference})
    assert ask("generalPractitioner.resolve().where($this is Practitioner).id", None, environment) == [
        "Practitioner/d1"
    ]


def test_an_element_can_be_the_focus(definitions: Definitions, patient: dict[str, Any]) -> None:
    name = Node(patient["name"][0], "HumanName")
    environment = Environment(resource=Node(patient, "Patient"))
    assert compile("family = 'Durand' and %resource.id = 'p1'", definitions).is_true(name, environment)


def test_callers_may_add_constants(ask: Ask) -> None:
    assert ask("%who & %ucum", None, Environment(variables={"who": "a "})) == ["a http://unitsofmeasure.org"]
    with pytest.raises(Invalid, match="%unknown"):
        ask("%unknown")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name.foo()", "no function foo"),
        ("name.where()", "takes 1 argument,"),
        ("gender.as(strung)", "no type strung"),
        ("name.given.length()", "one item was expected"),
        ("'a' - 'b'", "System.String and System.String"),
        ("'a' < 1", "no order"),
        ("gender.matches('(')", "not a regular expression"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(ask: Ask, text: str, message: str) -> None:
    with pytest.raises(Invalid, match=f"{message}.*at character"):
        ask(text)
