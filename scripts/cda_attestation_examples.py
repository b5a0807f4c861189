"""Makes the examples of a vaccination note and of a rapid test, in FHIR and as N3 documents, for docs/examples.

The people are those of `cda_example.py`; everyone is invented.
"""

import json
from typing import Any

from cda_body_examples import (
    ATC,
    CIS,
    FOLDER,
    ICD,
    LOINC,
    PATIENT,
    ROLE,
    SEEN,
    SNOMED,
    Resource,
    coded,
    document,
    observation,
    section,
    written,
)
from cda_example import coding

from usager_cda.systems import url_of

EDQM = "0.4.0.127.0.16.1.1.2.1"
TESTED = f"{SEEN}T09:40:00+01:00"
UDI = "(01)03400000000017(17)271231(10)K4471"


def vaccine() -> Resource:
    """Return the vaccine, by its CIS code and its ATC class."""
    listed = [
        {"system": url_of(CIS), "code": "60917345", "display": "REVAXIS, suspension injectable en seringue préremplie"},
        {"system": url_of(ATC), "code": "J07CA01", "display": "diphtérie-poliomyélite-tétanos"},
    ]
    return {"coding": listed, "text": "Revaxis, suspension injectable en seringue préremplie"}


def vaccination_note() -> Resource:
    """Return the note of one vaccination (VAC-NOTE)."""
    given = {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": vaccine(),
        "patient": PATIENT,
        "occurrenceDateTime": TESTED,
        "lotNumber": "Y3B541M",
        "site": coded(SNOMED, "16217701000119102", "deltoïde gauche", "Deltoïde gauche"),
        "route": coded(EDQM, "20035000", "Voie intramusculaire"),
        "performer": [{"actor": ROLE}],
        "protocolApplied": [{"doseNumberPositiveInt": 3}],
        "note": [{"text": "Rappel des 85 ans, fait avec un peu de retard"}],
    }
    history = section(coded(LOINC, "11369-6", "Historique des vaccinations"), "Note de vaccination", "rappel")
    kind = coded(LOINC, "87273-9", "Note de vaccination")
    return document(kind, "NOTE DE VACCINATION", [history], [("rappel", given)])


def result(code: Resource, value: Resource, **more: Any) -> Resource:
    """Return one result of the test."""
    device = {"reference": "urn:uuid:dispositif"}
    return observation(code, effectiveDateTime=TESTED, valueCodeableConcept=value, device=device, **more)


def rapid_test() -> Resource:
    """Return the attestation of a rapid test for Covid-19 and influenza (BIO-TROD)."""
    negative, positive = coded(SNOMED, "260385009", "négatif"), coded(SNOMED, "10828004", "positif")
    names = {
        "covid": ("94558-4", "Coronavirus SARS-CoV-2 Ag [Présence/Seuil] Respiratoire ; Immunoanalyse rapide"),
        "grippe-a": ("80382-5", "Influenza virus A Ag [Présence/Seuil] Voies respiratoires ; Immunoanalyse rapide"),
        "grippe-b": ("80383-3", "Influenza virus B Ag [Présence/Seuil] Voies respiratoires ; Immunoanalyse rapide"),
    }
    words = {
        "covid": "Recherche de SARS-CoV-2",
        "grippe-a": "Recherche de grippe A",
        "grippe-b": "Recherche de grippe B",
    }
    codes = {name: coded(LOINC, *names[name], words[name]) for name in names}
    results = [
        ("covid", result(codes["covid"], negative)),
        ("grippe-a", result(codes["grippe-a"], positive, note=[{"text": "Trois autres cas à l'étage depuis lundi"}])),
        ("grippe-b", result(codes["grippe-b"], negative)),
    ]
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": coded(LOINC, "92893-7", "Sérologie virale"),
        "subject": PATIENT,
        "result": [{"reference": f"urn:uuid:{name}"} for name, _ in results],
    }
    device = {
        "resourceType": "Device",
        "udiCarrier": [{"issuer": "http://hl7.org/fhir/NamingSystem/gs1-di", "carrierHRF": UDI}],
        "type": {"text": "Labo Exemple | TROD-3 | K4471 | 31/12/2027"},
    }
    title = "Résultat du test rapide d'orientation diagnostique"
    chapter = section(coded(LOINC, "18725-2", "Microbiologie"), title, "rapport")
    kind = coded(LOINC, "96173-0", "Test rapide d'orientation diagnostique")
    name = "Test rapide d'orientation diagnostique : TROD Covid-19 / Grippe A / Grippe B"
    made = document(kind, name, [chapter], [("rapport", report), ("dispositif", device), *results])
    sought = coding(ICD, "J10", "Grippe, à virus grippal saisonnier identifié")
    made["entry"][0]["resource"]["event"] = [{"code": [sought], "period": {"start": TESTED}}]
    return made


EXAMPLES = {"note-de-vaccination": vaccination_note, "trod": rapid_test}


def main() -> None:
    """Write the examples."""
    for name, make in EXAMPLES.items():
        made = make()
        (FOLDER / f"{name}.json").write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (FOLDER / f"{name}.xml").write_bytes(written(made))


if __name__ == "__main__":
    main()
