"""What plugins offer beside the server's own: what cannot be served, or is taken, stops the start in one line."""

from typing import Any

import pytest

from usager_server import Operation, Profile, operation_definition
from usager_server.app import build_house
from usager_server.definitions import Definitions
from usager_server.installed import PluginError
from usager_server.interactions.session import House
from usager_server.plugins import Plugins
from usager_server.settings import Settings

HEIGHT: dict[str, Any] = {
    "resourceType": "SearchParameter",
    "id": "patient-height",
    "url": "https://acme.example/SearchParameter/patient-height",
    "code": "height",
    "base": ["Patient"],
    "type": "number",
    "expression": "Patient.extension.value.ofType(decimal)",
}


def house_of(definitions: Definitions, **registered: Any) -> House:
    """Return the house of a server whose only plugin registered this."""

    def no_store(tenant: int) -> Any:
        raise AssertionError(tenant)

    return build_house(Settings(), Plugins([Profile("acme", "Acme")], **registered), definitions, no_store)


def operation(code: str, resource: str) -> Operation:
    """Return an operation on a type that is never called."""
    return Operation(operation_definition(code, "Nothing.", levels=["type"], resource=[resource]), handler=None)  # type: ignore[arg-type]


def test_a_search_parameter_that_can_be_served_is(definitions):
    assert house_of(definitions, search_parameters=[HEIGHT]).registry.parameter("Patient", "height")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"code": "birthdate"}, "birthdate of Patient exists in FHIR R4 already"),
        ({"code": "_id"}, "_id of Patient exists in FHIR R4 already"),
        ({"base": ["Person", "Patien"]}, "Patien is not a resource type"),
        ({"type": "decimal"}, "its type is 'decimal'; it must be date, number,"),
        ({"type": None}, "its type is None"),
        ({"expression": "Patient.("}, "its expression cannot be read"),
        ({"expression": ""}, "its expression cannot be read"),
    ],
)
def test_a_search_parameter_that_cannot_be_served_stops_the_start(definitions, changed, told):
    with pytest.raises(PluginError) as refused:
        house_of(definitions, search_parameters=[{**HEIGHT, **changed}])
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_operation_that_the_server_has_stops_the_start(definitions):
    with pytest.raises(PluginError, match=r"the operation Patient\$everything is claimed twice"):
        house_of(definitions, operations=[operation("everything", "Patient")])


def test_two_definitions_at_one_address_stop_the_start(definitions):
    one = {"resourceType": "CodeSystem", "id": "fr-core-cs-v2-0203", "url": "https://acme.example/CodeSystem/mine"}
    with pytest.raises(PluginError, match=r"two definitions have the address CodeSystem/fr-core-cs-v2-0203"):
        house_of(definitions, conformance_resources=[one])


def test_a_newer_version_of_what_the_server_has_takes_its_place(definitions):
    url = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
    newer = {"resourceType": "CodeSystem", "id": "fr-core-cs-v2-0203", "url": url, "version": "99.0.0"}
    served = house_of(definitions, conformance_resources=[newer]).served["CodeSystem", "fr-core-cs-v2-0203"]
    assert '"99.0.0"' in str(served.document)
