"""A patient to ask questions about."""

from collections.abc import Callable
from typing import Any

import pytest

from usager_server.definitions import Definitions
from usager_server.fhirpath import Environment, Node, compile
from usager_server.fhirpath.functions.conversion import to_string
from usager_server.fhirpath.values import value_of
from usager_server.jsontext import parse_json

Ask = Callable[..., list[Any]]

PATIENT = b"""{
  "resourceType": "Patient",
  "id": "p1",
  "contained": [{"resourceType": "Organization", "id": "o1", "name": "EHPAD des Lilas"}],
  "extension": [{"url": "http://example.org/age", "valueAge": {"value": 71, "system": "http://unitsofmeasure.org", "code": "a"}}],
  "identifier": [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2", "period": {"start": "2001-05-06"}}],
  "active": true,
  "name": [
    {"use": "official", "family": "Durand", "given": ["Anne", "Marie"]},
    {"use": "usual", "given": ["Nanou", null], "_given": [null, {"id": "g2", "extension": [{"url": "u", "valueString": "v"}]}]}
  ],
  "gender": "female",
  "birthDate": "1954-12-25",
  "_birthDate": {"extension": [{"url": "http://example.org/time", "valueDateTime": "1954-12-25T14:35:45-05:00"}]},
  "deceasedBoolean": false,
  "managingOrganization": {"reference": "#o1"},
  "generalPractitioner": [{"reference": "Practitioner/d1"}]
}"""  # noqa: E501


@pytest.fixture(scope="session")
def patient() -> dict[str, Any]:
    tree: dict[str, Any] = parse_json(PATIENT)
    return tree


@pytest.fixture(scope="session")
def ask(definitions: Definitions, patient: dict[str, Any]) -> Ask:
    """Return a function: expression -> values, of the patient or of another resource."""

    def evaluate(text: str, focus: Any = None, environment: Environment | None = None) -> list[Any]:
        items = compile(text, definitions).items(patient if focus is None else focus, environment or Environment())
        return [_shown(item) for item in items]

    return evaluate


def _shown(item: Any) -> Any:
    value = value_of(item)
    if isinstance(value, Node):
        return value.value
    return value if isinstance(value, bool | int) or value is None else to_string(value)
