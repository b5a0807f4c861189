"""FR Core's Patient: the two profiles, in the codings of 2.1 and of 2.2."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.validation.helpers import found
from usager_server.validation.validator import HouseValidator

BASE = "https://hl7.fr/ig/fhir/core"
PATIENT = f"{BASE}/StructureDefinition/fr-core-patient"
PATIENT_INS = f"{BASE}/StructureDefinition/fr-core-patient-ins"
KINDS = f"{BASE}/CodeSystem/fr-core-cs-v2-0203"
STATUS_2_1 = f"{BASE}/CodeSystem/fr-core-cs-v2-0445"
STATUS_2_2 = f"{BASE}/CodeSystem/fr-core-cs-identity-status"
V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
COG = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"

Change = Callable[[dict[str, Any]], Any]


def reliability(system: str, code: str) -> dict[str, Any]:
    """Return the extension that says how far an identity is trusted."""
    parts = [
        {"url": "identityStatus", "valueCoding": {"system": system, "code": code}},
        {
            "url": "methodCollection",
            "valueCoding": {"system": f"{BASE}/CodeSystem/fr-core-cs-identity-method-collection", "code": "INSI"},
        },
        {"url": "validationDate", "valueDate": "2026-05-04"},
    ]
    return {"url": f"{BASE}/StructureDefinition/fr-core-identity-reliability", "extension": parts}


def identifier(code: str, use: str, oid: str, system: str = KINDS) -> dict[str, Any]:
    """Return an identifier of a kind."""
    kind = {"coding": [{"system": system, "code": code}]}
    return {"use": use, "type": kind, "system": f"urn:oid:1.2.250.1.213.1.4.{oid}", "value": "275126322074974"}


@pytest.fixture
def qualified() -> dict[str, Any]:
    """An invented person whose identity is qualified, on the OID of tests."""
    insee = {
        "url": f"{BASE}/StructureDefinition/fr-core-address-insee-code",
        "valueCoding": {"system": COG, "code": "63220"},
    }
    birth_place = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
        "valueAddress": {"extension": [insee], "city": "Commune de test"},
    }
    given = {"url": f"{BASE}/StructureDefinition/fr-core-patient-birth-list-given-name", "valueString": "ZOE ANNE"}
    return {
        "resourceType": "Patient",
        "meta": {"profile": [PATIENT_INS]},
        "extension": [reliability(STATUS_2_2, "QUAL"), birth_place],
        "identifier": [identifier("INS-NIR-TEST", "official", "10")],
        "name": [{"use": "official", "family": "ADRUN", "given": ["ZOE"], "extension": [given]}],
        "gender": "female",
        "birthDate": "1975-12-31",
    }


def judged(validator: HouseValidator, resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return the errors on a resource that R4 accepts."""
    assert validator.structure(resource) == []
    return found([issue for issue in validator.profiles(resource) if issue.severity == "error"])


def test_a_qualified_identity_conforms(validator: HouseValidator, qualified: dict[str, Any]) -> None:
    assert validator.structure(qualified) == []
    assert validator.profiles(qualified) == []


def test_the_coding_of_2_1_conforms_too(validator: HouseValidator, qualified: dict[str, Any]) -> None:
    qualified["extension"][0] = reliability(STATUS_2_1, "VALI")
    assert judged(validator, qualified) == []


def test_a_birth_place_may_bear_its_cog_as_district(validator: HouseValidator, qualified: dict[str, Any]) -> None:
    qualified["extension"][1]["valueAddress"] = {"district": "63220"}
    assert judged(validator, qualified) == []


def add(path: str, value: Any) -> Change:
    """Return the change that appends to, or sets, an element at the top."""

    def change(resource: dict[str, Any]) -> None:
        if isinstance(resource.get(path), list):
            resource[path].append(value)
        else:
            resource[path] = value

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.pop("birthDate"), ("required", "Patient.birthDate")),
        (add("birthDate", "1975"), ("invariant", "Patient.birthDate")),
        (add("gender", "other"), ("code-invalid", "Patient.gender")),
        (lambda p: p.pop("gender"), ("required", "Patient.gender")),
        (lambda p: p["name"][0].pop("extension"), ("required", "Patient.name[0].extension")),
        (lambda p: p["name"][0]["given"].append("ANNE"), ("structure", "Patient.name[0].given")),
        (lambda p: p["name"][0].pop("family"), ("required", "Patient.name[0].family")),
        (lambda p: p["name"][0].update(use="usual"), ("required", "Patient.name")),
        (lambda p: p["extension"].pop(0), ("required", "Patient.extension")),
        (lambda p: p["extension"].pop(1), ("required", "Patient.extension")),
        (lambda p: p["extension"][1]["valueAddress"].pop("extension"), ("invariant", "Patient.extension[1].value")),
        (lambda p: p.pop("identifier"), ("required", "Patient.identifier")),
        (lambda p: p["identifier"][0].update(use="usual"), ("value", "Patient.identifier[0].use")),
        (lambda p: p["identifier"][0].update(system="urn:oid:1.2"), ("value", "Patient.identifier[0].system")),
        (lambda p: p["identifier"][0].pop("value"), ("required", "Patient.identifier[0].value")),
        (add("identifier", identifier("INS-NIA", "official", "9")), ("code-invalid", "Patient.identifier[1].use")),
        (add("identifier", identifier("NH", "official", "8", V2)), ("invariant", "Patient")),
        (add("telecom", [{"system": "phone"}]), ("required", "Patient.telecom[0].value")),
        (add("name", {"use": "usual", "prefix": ["M", "Mme"]}), ("structure", "Patient.name[1].prefix")),
    ],
)
def test_what_breaks_the_ins_profile_is_told(
    validator: HouseValidator, qualified: dict[str, Any], change: Change, expected: tuple[str, str]
) -> None:
    change(qualified)
    assert expected in judged(validator, qualified)


def test_a_validated_identity_without_ins_is_of_the_other_profile(
    validator: HouseValidator, qualified: dict[str, Any]
) -> None:
    local = {"use": "usual", "type": {"coding": [{"system": V2, "code": "PI"}]}, "system": "urn:x", "value": "1"}
    qualified["identifier"] = [local]
    assert ("invariant", "Patient") in judged(validator, qualified)
    qualified["meta"]["profile"] = [PATIENT]
    assert judged(validator, qualified) == []


@pytest.mark.parametrize(
    ("status", "code"), [(STATUS_2_2, "PROVISOIRE"), ("urn:unknown", "VALI"), (STATUS_2_1, "QUAL")]
)
def test_an_unknown_status_is_refused(
    validator: HouseValidator, qualified: dict[str, Any], status: str, code: str
) -> None:
    qualified["extension"][0] = reliability(status, code)
    assert judged(validator, qualified) == [("code-invalid", "Patient.extension[0].extension[0].value")]


def test_a_place_of_death_is_a_text_or_an_address(validator: HouseValidator, qualified: dict[str, Any]) -> None:
    url = f"{BASE}/StructureDefinition/fr-core-patient-death-place"
    for value, count in (({"valueString": "x"}, 0), ({"valueAddress": {"city": "x"}}, 0), ({"valueCode": "x"}, 1)):
        qualified["extension"][2:] = [{"url": url, **value}]
        assert len(judged(validator, qualified)) == count


def test_what_is_announced_is_installed(validator: HouseValidator) -> None:
    assert {PATIENT, PATIENT_INS} <= set(validator.conformance.profiles)
    assert validator.knows(PATIENT) and validator.knows("http://hl7.org/fhir/StructureDefinition/Patient")
    assert not validator.knows(f"{BASE}/StructureDefinition/none")
