"""Makes the structured examples of docs/examples: summaries and a transfer sheet in FHIR, and their N3 documents.

The people are those of `cda_example.py`; everyone is invented. A third, the VSM, says the same as the summary.
"""

import copy
import json
from pathlib import Path
from typing import Any

from cda_example import KEYS, bundle, coding
from lxml import etree

from usager_cda import cda_from_bundle
from usager_cda.systems import url_of
from usager_cda.tree import HL7

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
LOINC, SNOMED, ICD = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "2.16.840.1.113883.6.3"
CIS, ATC, CISIS, EMDN = "1.2.250.1.213.2.3.1", "2.16.840.1.113883.6.73", "1.2.250.1.213.1.1.4.322", "1.2.250.1.213.2.68"
CCAM, UCUM = "1.2.250.1.215.300.1", "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/"
SEEN = "2026-03-12"
PATIENT = {"reference": f"urn:uuid:{KEYS['patient']}"}
ROLE = {"reference": f"urn:uuid:{KEYS['role']}"}

Resource = dict[str, Any]


def coded(system: str, code: str, display: str, text: str | None = None) -> Resource:
    """Return a CodeableConcept; system is an OID."""
    return {**coding(system, code, display), **({"text": text} if text else {})}


def status(kind: str, code: str, display: str) -> Resource:
    """Return a status of HL7's own lists."""
    return {"coding": [{"system": f"{CLINICAL}{kind}", "code": code, "display": display}]}


def quantity(value: float, unit: str) -> Resource:
    """Return a Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def category(code: str) -> list[Resource]:
    """Return the category of an Observation."""
    return [{"coding": [{"system": f"{CLINICAL}observation-category", "code": code}]}]


def observation(code: Resource, **more: Any) -> Resource:
    """Return an Observation of the day."""
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": PATIENT, **more}


def measure(code: str, display: str, **value: Any) -> Resource:
    """Return a vital sign."""
    told = {"category": category("vital-signs"), "effectiveDateTime": f"{SEEN}T09:40:00+01:00"}
    return observation(coded(LOINC, code, display), **told, **value)


def told() -> dict[str, list[tuple[str, Resource]]]:
    """Return what the summary tells: for each section its resources, each under a short name."""
    return {
        "11450-4": [
            (
                "hypothyroidie",
                {
                    "resourceType": "Condition",
                    "clinicalStatus": status("condition-clinical", "active", "Actif"),
                    "verificationStatus": status("condition-ver-status", "confirmed", "Confirmé"),
                    "code": coded(ICD, "E03.9", "Hypothyroïdie, sans précision", "Hypothyroïdie"),
                    "subject": PATIENT,
                    "onsetDateTime": "2009",
                    "note": [{"text": "Équilibrée sous traitement"}],
                },
            ),
            (
                "trouble",
                {
                    "resourceType": "Condition",
                    "clinicalStatus": status("condition-clinical", "active", "Actif"),
                    "severity": coded(SNOMED, "6736007", "modéré"),
                    "code": coded(ICD, "F03", "Démence, sans précision", "Troubles cognitifs majeurs"),
                    "subject": PATIENT,
                    "onsetDateTime": "2022-11",
                },
            ),
        ],
        "11348-0": [
            (
                "infarctus",
                {
                    "resourceType": "Condition",
                    "clinicalStatus": status("condition-clinical", "resolved", "Résolu"),
                    "code": coded(
                        ICD,
                        "I21.1",
                        "Infarctus transmural aigu du myocarde, de la paroi inférieure",
                        "Infarctus du myocarde inférieur",
                    ),
                    "subject": PATIENT,
                    "onsetDateTime": "2018-01-14",
                    "abatementDateTime": "2018-01-25",
                },
            )
        ],
        "47519-4": [
            (
                "dilatation",
                {
                    "resourceType": "Procedure",
                    "status": "completed",
                    "code": coded(
                        CCAM,
                        "DDAF004",
                        "Dilatation intraluminale de 2 vaisseaux coronaires avec pose d'endoprothèse, "
                        "par voie artérielle transcutanée",
                        "Pose de deux endoprothèses coronaires",
                    ),
                    "subject": PATIENT,
                    "performedDateTime": "2018-01-14",
                    "reasonReference": [{"reference": "urn:uuid:infarctus"}],
                },
            )
        ],
        "48765-2": [
            (
                "penicilline",
                {
                    "resourceType": "AllergyIntolerance",
                    "clinicalStatus": status("allergyintolerance-clinical", "active", "Actif"),
                    "type": "allergy",
                    "category": ["medication"],
                    "criticality": "high",
                    "code": coded(ATC, "J01CA04", "amoxicilline", "Amoxicilline"),
                    "patient": PATIENT,
                    "onsetDateTime": "1987",
                    "reaction": [
                        {"manifestation": [coded(ICD, "L50.9", "Urticaire, sans précision")], "severity": "moderate"}
                    ],
                },
            )
        ],
        "10160-0": [
            (
                "levothyrox",
                {
                    "resourceType": "MedicationStatement",
                    "status": "active",
                    "medicationCodeableConcept": {
                        "coding": [
                            {
                                "system": url_of(CIS),
                                "code": "62080626",
                                "display": "LEVOTHYROX 75 microgrammes, comprimé sécable",
                            },
                            {"system": url_of(ATC), "code": "H03AA01", "display": "lévothyroxine sodique"},
                        ],
                        "text": "Levothyrox 75 microgrammes, comprimé sécable",
                    },
                    "subject": PATIENT,
                    "effectivePeriod": {"start": "2018-05-02"},
                    "reasonReference": [{"reference": "urn:uuid:hypothyroidie"}],
                    "dosage": [
                        {
                            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                            "route": coded("0.4.0.127.0.16.1.1.2.1", "20053000", "Voie orale"),
                            "doseAndRate": [{"doseQuantity": quantity(1, "{tablet}")}],
                        }
                    ],
                },
            )
        ],
        "46264-8": [
            (
                "deambulateur",
                {
                    "resourceType": "DeviceUseStatement",
                    "contained": [
                        {
                            "resourceType": "Device",
                            "id": "device",
                            "type": coded(CISIS, "GEN-092.02.02", "Autre dispositif médical", "Déambulateur"),
                        }
                    ],
                    "status": "active",
                    "subject": PATIENT,
                    "timingPeriod": {"start": "2024-09-02"},
                    "device": {"reference": "#device"},
                },
            )
        ],
        "8716-3": [("constantes", group("85353-1", "Signes vitaux", "vital-signs", "poids", "tension"))],
        "29762-2": [
            (
                "tabac",
                observation(
                    coded(LOINC, "72166-2", "Statut tabagique"),
                    category=category("social-history"),
                    valueCodeableConcept=coded(LOINC, "LA18978-9", "N'a jamais fumé"),
                ),
            )
        ],
        "10157-6": [
            (
                "mere",
                {
                    "resourceType": "FamilyMemberHistory",
                    "status": "completed",
                    "patient": PATIENT,
                    "relationship": coded("2.16.840.1.113883.5.111", "MTH", "Mère"),
                    "condition": [
                        {"code": coded(ICD, "E11.9", "Diabète sucré de type 2, sans complication", "Diabète de type 2")}
                    ],
                },
            )
        ],
        "11369-6": [
            (
                "revaxis",
                {
                    "resourceType": "Immunization",
                    "status": "completed",
                    "vaccineCode": {
                        "coding": [
                            {
                                "system": url_of(CIS),
                                "code": "60917345",
                                "display": "REVAXIS, suspension injectable en seringue préremplie",
                            },
                            {"system": url_of(ATC), "code": "J07CA01", "display": "Diphtérie-poliomyélite-tétanos"},
                        ],
                        "text": "Revaxis",
                    },
                    "patient": PATIENT,
                    "occurrenceDateTime": "2025-10-21",
                    "lotNumber": "Y3B541M",
                    "route": coded("0.4.0.127.0.16.1.1.2.1", "20035000", "Voie intramusculaire"),
                    "performer": [{"actor": ROLE}],
                },
            )
        ],
        "42348-3": [
            (
                "reanimation",
                {
                    "resourceType": "Consent",
                    "status": "active",
                    "scope": {"coding": [{"system": f"{CLINICAL}consentscope", "code": "adr"}]},
                    "category": [coded(LOINC, "42348-3", "Directives anticipées")],
                    "patient": PATIENT,
                    "policyRule": {"text": "Code de la santé publique, article L. 1111-11"},
                    "provision": {
                        "type": "deny",
                        "period": {"start": "2025-01-15"},
                        "code": [coded(LOINC, "75779-9", "Réanimation cardiaque et respiratoire")],
                    },
                },
            )
        ],
    }


def beside() -> list[tuple[str, Resource]]:
    """Return the members of groups, which no section lists by itself."""
    return [("poids", measure("29463-7", "Poids", valueQuantity=quantity(58.4, "kg"))), ("tension", blood_pressure())]


def blood_pressure() -> Resource:
    """Return a measure of blood pressure."""
    told = (("8480-6", "Pression artérielle systolique", 132), ("8462-4", "Pression artérielle diastolique", 74))
    components = [
        {"code": coded(LOINC, code, display), "valueQuantity": quantity(value, "mm[Hg]")}
        for code, display, value in told
    ]
    return measure("85354-9", "Pression artérielle", component=components)


def group(code: str, display: str, kind: str, *members: str) -> Resource:
    """Return the Observation that groups others."""
    links = [{"reference": f"urn:uuid:{member}"} for member in members]
    return observation(coded(LOINC, code, display), category=category(kind), hasMember=links)


def document(kind: Resource, title: str, sections: list[Resource], resources: list[tuple[str, Resource]]) -> Resource:
    """Return a document Bundle: the Composition, the people of the letter, what the sections list."""
    letter = bundle()
    reference = letter["entry"].pop()["resource"]
    of_type = {entry["resource"]["resourceType"]: entry["resource"] for entry in letter["entry"]}
    of_type["Organization"]["type"] = [reference["context"]["practiceSetting"]]
    place = {"resourceType": "Location", "id": "place", "type": [reference["context"]["facilityType"]]}
    of_type["Encounter"] |= {"contained": [place], "location": [{"location": {"reference": "#place"}}]}
    composition = {
        "resourceType": "Composition",
        "language": "fr-FR",
        "status": "final",
        "type": kind,
        "subject": PATIENT,
        "encounter": reference["context"]["encounter"][0],
        "date": reference["date"],
        "author": [ROLE],
        "title": title,
        "confidentiality": "N",
        "attester": [{"mode": "legal", "time": reference["date"], "party": ROLE}],
        "custodian": reference["custodian"],
        "section": sections,
    }
    told_of = [{"fullUrl": f"urn:uuid:{name}", "resource": resource} for name, resource in resources]
    entries = [{"fullUrl": "urn:uuid:composition", "resource": composition}, *letter["entry"], *told_of]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": reference["date"], "entry": entries}


def section(code: Resource, title: str, *names: str, text: str | None = None) -> Resource:
    """Return a section that lists resources, or holds a text."""
    made: Resource = {"title": title, "code": code}
    if text:
        made["text"] = {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{text}</p></div>'}
    return made | ({"entry": [{"reference": f"urn:uuid:{name}"} for name in names]} if names else {})


TITLES = {
    "11450-4": ("Liste des problèmes actifs", "Problèmes actifs"),
    "11348-0": ("Antécédents médicaux", "Antécédents"),
    "47519-4": ("Historique des actes", "Historique des actes"),
    "48765-2": ("Allergies et hypersensibilités", "Allergies, hypersensibilités non allergiques, intolérances"),
    "10160-0": ("Historique de la prise médicamenteuse", "Traitements"),
    "46264-8": ("Dispositifs médicaux", "Dispositifs médicaux"),
    "8716-3": ("Signes vitaux", "Constantes"),
    "29762-2": ("Habitus, Mode de vie", "Mode de vie"),
    "10157-6": ("Historique des pathologies familiales", "Antécédents familiaux"),
    "11369-6": ("Historique des vaccinations", "Vaccinations"),
    "42348-3": ("Directives anticipées", "Directives anticipées"),
}
IN_VSM = ("11450-4", "11348-0", "47519-4", "48765-2", "29762-2", "10157-6", "10160-0")


def listed(codes: tuple[str, ...]) -> tuple[list[Resource], list[tuple[str, Resource]]]:
    """Return the sections of these codes and the resources they list."""
    known = told()
    sections = [
        section(coded(LOINC, code, TITLES[code][0]), TITLES[code][1], *(name for name, _ in known[code]))
        for code in codes
    ]
    return sections, [each for code in codes for each in known[code]]


def summary() -> Resource:
    """Return the medical summary of a resident (IPS-FR)."""
    sections, resources = listed(tuple(TITLES))
    vigilance = "Risque de chute ; fausses routes aux liquides, eau gélifiée."
    sections.append(section(coded(LOINC, "44944-7", "Autres alertes"), "Points de vigilance", text=vigilance))
    sections.append(section(coded(LOINC, "18776-5", "Plan de soins"), "Plan de soins", "plan"))
    kind = coded(LOINC, "74207-2", "Synthèse médicale")
    return document(kind, "SYNTHESE MEDICALE", sections, [*resources, *beside(), *care_plan()])


def care_plan() -> list[tuple[str, Resource]]:
    """Return the care plan: a weight to reach, a check of the thyroid."""
    weight = coded(LOINC, "29463-7", "Poids", "Retrouver son poids d'avant l'hiver")
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": weight,
        "subject": PATIENT,
        "target": [
            {
                "measure": coded(LOINC, "29463-7", "Poids"),
                "detailRange": {"low": quantity(60, "kg"), "high": quantity(63, "kg")},
                "dueDate": "2026-09-30",
            }
        ],
    }
    check = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "plan",
        "category": [coded(SNOMED, "386053000", "procédure d'évaluation")],
        "code": coded(LOINC, "3016-3", "TSH", "Dosage de la TSH"),
        "subject": PATIENT,
        "occurrenceDateTime": "2026-06-15",
    }
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": "Plan de soins",
        "subject": PATIENT,
        "goal": [{"reference": "urn:uuid:objectif"}],
        "activity": [{"reference": {"reference": "urn:uuid:controle"}}],
    }
    return [("plan", plan), ("objectif", goal), ("controle", check)]


def vsm() -> Resource:
    """Return the same summary as a general practitioner's VSM."""
    sections, resources = listed(IN_VSM)
    vigilance = section(coded(LOINC, "30954-2", "Résultats d'examens"), "Points de vigilance", text="Risque de chute.")
    kind = coded("1.2.250.1.213.1.1.4.12", "SYNTH", "Synthèse")
    return document(kind, "Synthèse Médicale", [*sections, vigilance], resources)


def transfer_sheet() -> Resource:
    """Return the transfer sheet of the same resident (DLU-FT-SU)."""
    at = f"{SEEN}T09:40:00+01:00"

    def yes(code: Resource, **more: Any) -> Resource:
        return observation(code, effectiveDateTime=at, valueBoolean=True, **more)

    informed = [
        ("centre-15", yes(coded(CISIS, "ORG-214", "Centre 15"))),
        ("urgences", yes(coded(SNOMED, "225728007", "service des urgences"))),
        ("traitant", yes(coded("2.16.840.1.113883.5.88", "PCP", "Médecin traitant"))),
        ("famille", yes(coded(CISIS, "ORG-223", "Entourage du patient", "Entourage du patient : sa fille"))),
    ]
    site = coded(SNOMED, "61396006", "cuisse gauche", "cuisse gauche")
    state = [
        ("conscience", yes(coded(CISIS, "MED-1301", "Conscient et éveillé"))),
        ("douleur", yes(coded(ICD, "R52.9", "Douleur, sans précision"), bodySite=site)),
        (
            "traitement",
            observation(
                coded(CISIS, "GEN-370", "Date et heure de la dernière prise du traitement habituel"),
                effectiveDateTime=at,
                valueDateTime=f"{SEEN}T08:05:00+01:00",
            ),
        ),
        (
            "repas",
            observation(
                coded(CISIS, "GEN-244", "Date et heure du dernier repas"),
                effectiveDateTime=at,
                valueDateTime=f"{SEEN}T07:45:00+01:00",
            ),
        ),
    ]
    upper = coded(SNOMED, "264217000", "supérieur(e)")
    belongings = [
        ("lunettes", yes(coded(EMDN, "Q021003", "LUNETTES PRÊTES À PORTER (OU LUNETTES MONTÉES)", "Lunettes"))),
        ("dentier", yes(coded(EMDN, "P0102", "PROTHÈSES DENTAIRES", "Prothèse dentaire"), bodySite=upper)),
    ]
    vital = ("constantes", group("85353-1", "Signes vitaux", "vital-signs", "poids", "tension"))
    sections = [
        section(
            coded(CISIS, "ORG-213", "Personnes et structures informées"),
            "Personnes et structures informées du transfert vers le service des urgences",
            *(name for name, _ in informed),
        ),
        section(
            coded(LOINC, "42349-1", "Raison de la recommandation"), "Motif du transfert", text="Chute dans sa chambre."
        ),
        section(
            coded(LOINC, "46006-3", "Problèmes physiques fonctionnels et structurels"),
            "Observations",
            *(name for name, _ in state),
        ),
        section(coded(LOINC, "8716-3", "Signes vitaux"), "Constantes du patient", "constantes"),
        section(
            coded(LOINC, "46264-8", "Dispositifs médicaux"),
            "Prothèses et objets personnels",
            *(name for name, _ in belongings),
        ),
    ]
    kind = coded(LOINC, "78341-5", "Fiche de transfert vers le service des urgences")
    title = "Fiche de transfert vers le service des urgences"
    return document(kind, title, sections, [*informed, *state, vital, *beside(), *belongings])


EXAMPLES = {"synthese-medicale": summary, "vsm": vsm, "fiche-de-transfert": transfer_sheet}


def main() -> None:
    """Write the examples."""
    for name, make in EXAMPLES.items():
        made = make()
        (FOLDER / f"{name}.json").write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (FOLDER / f"{name}.xml").write_bytes(written(made))


def written(made: Resource) -> bytes:
    """Return the document of a Bundle, laid out for a reader."""
    root = etree.fromstring(cda_from_bundle(made))
    _indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _indent(root: etree._Element) -> None:
    """Lay a document out, but for its narratives: white space is part of what they say."""
    narratives = [(text, copy.deepcopy(text)) for text in root.iterfind(f".//{HL7}section/{HL7}text")]
    etree.indent(root)
    for text, before in narratives:
        before.tail = text.tail
        text.getparent().replace(text, before)


if __name__ == "__main__":
    main()
