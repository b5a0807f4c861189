"""Builds the demonstration as one transaction: running it twice creates nothing twice."""

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from usager_server.demo.names import COMMUNES, CONDITIONS, FAMILIES, FEMALE, MALE, PROFESSIONALS
from usager_server.identity.matricule import key_of
from usager_server.identity.words import EVIDENCE

Resource = dict[str, Any]

RESIDENTS = 30
LOCAL = "https://ehpad-les-tilleuls.example/id"
FINESS = "750000999"
FR_CORE = "https://hl7.fr/ig/fhir/core"
INS_TEST = "urn:oid:1.2.250.1.213.1.4.10"
LOINC = "http://loinc.org"
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
UCUM = "http://unitsofmeasure.org"


def demonstration(today: date) -> Resource:
    """Return the transaction that creates the EHPAD, its professionals and its residents with their records.

    Shape   every entry is created only if nothing bears its identifier yet.
    """
    rng = Random(2027)  # noqa: S311 - the same people every time
    home = _organization()
    professionals = [_practitioner(*facts) for facts in PROFESSIONALS]
    resources = [home, *professionals]
    for number in range(1, RESIDENTS + 1):
        resources += _resident(rng, number, home, professionals[0], today)
    return {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(resource) for resource in resources]}


def _entry(resource: Resource) -> Resource:
    identifier = resource["identifier"][0]
    condition = f"identifier={identifier['system']}|{identifier['value']}"
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": condition}
    return {"fullUrl": _full_url(resource), "resource": resource, "request": request}


def _full_url(resource: Resource) -> str:
    identifier = resource["identifier"][0]
    return f"urn:uuid:{uuid5(NAMESPACE_URL, '{resourceType}/'.format(**resource) + identifier['value'])}"


def _reference(resource: Resource) -> Resource:
    return {"reference": _full_url(resource)}


def _codeable(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _organization() -> Resource:
    return {
        "resourceType": "Organization",
        "identifier": [
            {
                "type": {"coding": [{"system": f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0203", "code": "FINEG"}]},
                "system": "https://finess.esante.gouv.fr",
                "value": FINESS,
            }
        ],
        "active": True,
        "name": "EHPAD Les Tilleuls",
        "address": [{"line": ["12 allée des Tilleuls"], "city": "PARIS", "postalCode": "75013", "country": "FRA"}],
    }


def _practitioner(rpps: str, family: str, given: str, gender: str, code: str, title: str) -> Resource:
    profession = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
    return {
        "resourceType": "Practitioner",
        "identifier": [
            {
                "type": {"coding": [{"system": f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0203", "code": "RPPS"}]},
                "system": "https://rpps.esante.gouv.fr",
                "value": rpps,
            }
        ],
        "active": True,
        "name": [{"family": family, "given": [given]}],
        "gender": gender,
        "qualification": [{"code": _codeable(profession, code, title)}],
    }


def _resident(rng: Random, number: int, home: Resource, doctor: Resource, today: date) -> list[Resource]:
    patient = _patient(rng, number, home, today)
    admitted = today - timedelta(days=rng.randint(40, 1500))
    stay = _encounter(number, patient, home, admitted)
    return [
        patient,
        stay,
        *_conditions(rng, number, patient, admitted),
        *_weights(rng, number, patient, stay, today),
        _consent(number, patient, doctor, admitted),
    ]


def _patient(rng: Random, number: int, home: Resource, today: date) -> Resource:
    female = rng.random() < 0.7
    family = FAMILIES[number % len(FAMILIES)]
    given = rng.sample(FEMALE if female else MALE, 2)
    born = date(rng.randint(1926, 1950), rng.randint(1, 12), rng.randint(1, 28))
    commune, city = rng.choice(COMMUNES)
    body = f"{2 if female else 1}{born:%y%m}{commune}{number:03d}"
    ins = body + key_of(body)
    return {
        "resourceType": "Patient",
        "meta": {"profile": [f"{FR_CORE}/StructureDefinition/fr-core-patient-ins"]},
        "extension": [_reliability(), _evidence(ins, today), _birth_place(commune, city)],
        "identifier": [_ins(ins), _local_identifier(f"R{number:04d}")],
        "active": True,
        "name": [_official_name(family, given), {"use": "usual", "family": family, "given": [given[0]]}],
        "gender": "female" if female else "male",
        "birthDate": born.isoformat(),
        "managingOrganization": _reference(home),
    }


def _official_name(family: str, given: list[str]) -> Resource:
    listed = f"{FR_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"
    return {
        "extension": [{"url": listed, "valueString": " ".join(given)}],
        "use": "official",
        "family": family,
        "given": [given[0]],
    }


def _ins(value: str) -> Resource:
    kind = {"system": f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0203", "code": "INS-NIR-TEST"}
    return {"use": "official", "type": {"coding": [kind]}, "system": INS_TEST, "value": value}


def _local_identifier(value: str) -> Resource:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PI"}
    return {"use": "usual", "type": {"coding": [kind]}, "system": f"{LOCAL}/usager", "value": value}


def _reliability() -> Resource:
    system = f"{FR_CORE}/CodeSystem/fr-core-cs-"
    return {
        "url": f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability",
        "extension": [
            {"url": "identityStatus", "valueCoding": {"system": f"{system}identity-status", "code": "QUAL"}},
            {"url": "validationMode", "valueCoding": {"system": f"{system}mode-validation-identity", "code": "CN"}},
        ],
    }


def _evidence(ins: str, today: date) -> Resource:
    """Return where the INS comes from: the home brings in the base that it had before."""
    return {
        "url": EVIDENCE,
        "extension": [
            {"url": "source", "valueCode": "migration"},
            {"url": "matricule", "valueIdentifier": {"system": INS_TEST, "value": ins}},
            {"url": "moment", "valueInstant": f"{today}T00:00:00Z"},
        ],
    }


def _birth_place(commune: str, city: str) -> Resource:
    communes = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
    code = {
        "url": f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code",
        "valueCoding": {"system": communes, "code": commune},
    }
    return {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
        "valueAddress": {"extension": [code], "city": city, "country": "FRA"},
    }


def _numbered(kind: str, number: int, index: int = 0) -> list[Resource]:
    return [{"system": f"{LOCAL}/{kind}", "value": f"{number:04d}-{index}"}]


def _encounter(number: int, patient: Resource, home: Resource, admitted: date) -> Resource:
    return {
        "resourceType": "Encounter",
        "identifier": _numbered("sejour", number),
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": _reference(patient),
        "period": {"start": admitted.isoformat()},
        "serviceProvider": _reference(home),
    }


def _conditions(rng: Random, number: int, patient: Resource, admitted: date) -> list[Resource]:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return [
        {
            "resourceType": "Condition",
            "identifier": _numbered("pathologie", number, index),
            "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
            "code": _codeable("http://hl7.org/fhir/sid/icd-10", code, label),
            "subject": _reference(patient),
            "recordedDate": admitted.isoformat(),
        }
        for index, (code, label) in enumerate(rng.sample(CONDITIONS, 2))
    ]


def _weights(rng: Random, number: int, patient: Resource, stay: Resource, today: date) -> list[Resource]:
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    kilograms = rng.randint(45, 85)
    return [
        {
            "resourceType": "Observation",
            "identifier": _numbered("poids", number, index),
            "status": "final",
            "category": [{"coding": [{"system": category, "code": "vital-signs"}]}],
            "code": _codeable(LOINC, "29463-7", "Poids corporel"),
            "subject": _reference(patient),
            "encounter": _reference(stay),
            "effectiveDateTime": (today - timedelta(days=30 * index)).isoformat(),
            "valueQuantity": {"value": kilograms + index, "unit": "kg", "system": UCUM, "code": "kg"},
        }
        for index in range(3)
    ]


def _consent(number: int, patient: Resource, doctor: Resource, admitted: date) -> Resource:
    return {
        "resourceType": "Consent",
        "identifier": _numbered("consentement", number),
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [_codeable(LOINC, "59284-0", "Consentement du patient")],
        "patient": _reference(patient),
        "dateTime": admitted.isoformat(),
        "performer": [_reference(patient), _reference(doctor)],
        "policyRule": {"text": "Consultation du DMP par l'équipe de soins"},
    }
