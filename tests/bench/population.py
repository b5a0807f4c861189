"""A synthetic population in the shape of Synthea records: fixed seed, nothing downloaded, nobody real.

`record(number)` is the whole dossier of one person as a transaction Bundle of 100 resources and more.
"""

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.bench import vocabulary as words
from tests.bench.clinical import encounter_entries
from usager_server.identity.matricule import key_of

Resource = dict[str, Any]

INS_NIR = "urn:oid:1.2.250.1.213.1.4.8"
HOSPITAL = "https://usager.example/ipp"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"


class Person:
    """One synthetic person: a number is a person, always the same one."""

    def __init__(self, number: int, seed: int = 20261122) -> None:
        self.number = number
        self.random = random.Random(f"{seed}/{number}")  # noqa: S311
        self.gender = self.random.choice(("female", "male"))
        self.family = self.random.choice(words.FAMILIES)
        self.given = self.random.choice(words.GIVEN[self.gender])
        self.second = self.random.choice(words.GIVEN[self.gender])
        self.birth = date(1925, 1, 1) + timedelta(days=self.random.randrange(36500))
        self.city, self.postal_code = self.random.choice(words.CITIES)

    def uuid(self) -> str:
        """Return the next UUID of this person's own sequence."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def moment(self, since_year: int = 2014) -> datetime:
        """Return a moment of this person's life with the clinic."""
        start = datetime(since_year, 1, 1, 7, tzinfo=UTC)
        return start + timedelta(minutes=self.random.randrange(10 * 365 * 24 * 60))

    @property
    def identifier(self) -> str:
        """Return the number under which the house knows the person."""
        return f"IPP{self.number:09d}"


def patient(person: Person) -> Resource:
    """Return the Patient, about 3 kB as Synthea writes it."""
    pick = person.random
    nir = f"{1 if person.gender == 'male' else 2}{person.birth:%y%m}{pick.randrange(10**8):08d}"
    nir += key_of(nir)
    full_name = f"{person.given} {person.family}"
    return {
        "resourceType": "Patient",
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">Dossier synthétique de <b>{full_name}</b>, né(e) le '
            f"{person.birth}, graine {person.number}. Aucune personne réelle n'est décrite ici.</div>",
        },
        "extension": _patient_extensions(person),
        "identifier": _identifiers(person, nir),
        "active": True,
        "name": [
            {"use": "official", "family": person.family, "given": [person.given, person.second], "prefix": ["M."]},
            {"use": "usual", "text": full_name, "family": person.family, "given": [person.given]},
        ],
        "telecom": [
            {"system": "phone", "value": f"06{pick.randrange(10**8):08d}", "use": "mobile"},
            {"system": "email", "value": f"usager{person.number}@exemple.example", "use": "home"},
        ],
        "gender": person.gender,
        "birthDate": person.birth.isoformat(),
        "address": [_address(person)],
        "maritalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
                    "code": pick.choice(("M", "S", "D", "W")),
                    "display": "état civil",
                }
            ],
            "text": "état civil déclaré",
        },
        "multipleBirthBoolean": False,
        "contact": [_contact(person, *relation) for relation in (("C", "Personne à prévenir"), ("N", "Famille"))],
        "communication": [
            {
                "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "fr", "display": "français"}]},
                "preferred": True,
            }
        ],
    }


def record(number: int) -> Resource:
    """Return the dossier of a person as one transaction Bundle of POSTs, its references urn:uuid."""
    person = Person(number)
    entries = [
        _entry(person, organization(person)),
        _entry(person, practitioner(person)),
        _entry(person, patient(person)),
    ]
    links = dict(zip(("organization", "practitioner", "patient"), (entry["fullUrl"] for entry in entries), strict=True))
    for _ in range(6 + person.random.randrange(5)):
        entries += [_entry(person, *pair) for pair in encounter_entries(person, links)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def organization(person: Person) -> Resource:
    """Return the establishment of a dossier."""
    finess = f"{person.random.randrange(10**9):09d}"
    return {
        "resourceType": "Organization",
        "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.2", "value": finess}],
        "active": True,
        "type": [_coding("http://terminology.hl7.org/CodeSystem/organization-type", "prov", "Healthcare Provider")],
        "name": f"Résidence {person.random.choice(words.FAMILIES)}",
        "telecom": [{"system": "phone", "value": f"01{person.random.randrange(10**8):08d}"}],
        "address": [
            {"line": ["1 place du Marché"], "city": person.city, "postalCode": person.postal_code, "country": "FR"}
        ],
    }


def practitioner(person: Person) -> Resource:
    """Return the professional of a dossier."""
    pick = person.random
    name = {"family": pick.choice(words.FAMILIES), "given": [pick.choice(words.GIVEN["female"])], "prefix": ["Dr"]}
    return {
        "resourceType": "Practitioner",
        "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.1", "value": f"8{pick.randrange(10**10):010d}"}],
        "active": True,
        "name": [name],
        "telecom": [{"system": "email", "value": f"pro{person.number}@exemple.example", "use": "work"}],
        "gender": "female",
        "address": [{"city": person.city, "postalCode": person.postal_code, "country": "FR"}],
    }


def seeds() -> list[Resource]:
    """Return one resource of each type, the bodies of the CRUD workload."""
    first: dict[str, Resource] = {}
    for number in range(1, 8):
        for entry in record(number)["entry"]:
            first.setdefault(entry["resource"]["resourceType"], entry["resource"])
    return list(first.values())


def dumps(resource: Resource) -> str:
    """Return the JSON text as a client would send it."""
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"))


def _entry(person: Person, resource: Resource, full_url: str | None = None) -> Resource:
    return {
        "fullUrl": full_url or f"urn:uuid:{person.uuid()}",
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }


def _coding(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _identifiers(person: Person, nir: str) -> list[Resource]:
    kind = IDENTIFIER_TYPES
    return [
        {"use": "temp", "system": INS_NIR, "value": nir, "type": _coding(kind, "NI", "National unique")},
        {"use": "usual", "system": HOSPITAL, "value": person.identifier, "type": _coding(kind, "MR", "Dossier")},
        {"system": "https://mutuelle.example/adherent", "value": f"M{person.random.randrange(10**9)}"},
        {"system": "https://departement.example/apa", "value": f"APA-{person.random.randrange(10**7)}"},
    ]


def _patient_extensions(person: Person) -> list[Resource]:
    town, postal_code = person.random.choice(words.CITIES)
    base = "https://usager.example/StructureDefinition"
    return [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
            "valueString": f"{person.random.choice(words.GIVEN['female'])} {person.random.choice(words.FAMILIES)}",
        },
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
            "valueAddress": {"city": town, "postalCode": postal_code, "country": "FR"},
        },
        {"url": f"{base}/disability-adjusted-life-years", "valueDecimal": round(person.random.random() * 20, 6)},
        {"url": f"{base}/quality-adjusted-life-years", "valueDecimal": round(20 + person.random.random() * 60, 6)},
    ]


def _contact(person: Person, code: str, display: str) -> Resource:
    pick = person.random
    return {
        "relationship": [_coding("http://terminology.hl7.org/CodeSystem/v2-0131", code, display)],
        "name": {"family": pick.choice(words.FAMILIES), "given": [pick.choice(words.GIVEN["female"])]},
        "telecom": [{"system": "phone", "value": f"02{pick.randrange(10**8):08d}", "use": "home"}],
        "address": {"line": [f"{pick.randrange(200)} avenue {pick.choice(words.STREETS)}"], "city": person.city},
    }


def _address(person: Person) -> Resource:
    pick = person.random
    return {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/geolocation",
                "extension": [
                    {"url": "latitude", "valueDecimal": round(43 + pick.random() * 7, 8)},
                    {"url": "longitude", "valueDecimal": round(-1 + pick.random() * 7, 8)},
                ],
            }
        ],
        "use": "home",
        "line": [f"{pick.randrange(1, 200)} rue {pick.choice(words.STREETS)}", "Bâtiment B"],
        "city": person.city,
        "postalCode": person.postal_code,
        "country": "FR",
    }
