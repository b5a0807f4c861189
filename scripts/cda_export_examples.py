"""Makes the example of an export of a DUI (SSIAD), in FHIR and as an N3 document, for docs/examples.

The people are those of `cda_example.py`; everyone is invented.
"""

import json
from typing import Any

from cda_body_examples import (
    CISIS,
    FOLDER,
    LOINC,
    PATIENT,
    ROLE,
    SEEN,
    SNOMED,
    Resource,
    category,
    coded,
    document,
    observation,
    quantity,
    section,
    written,
)
from cda_example import KEYS, coding

from usager_cda.systems import url_of

ICF, STATES = "2.16.840.1.113883.6.254", "1.2.250.1.213.3.3.250"
NON_PROFESSIONALS = "1.2.250.1.213.1.1.4.6"
HOLDER = "3750000999/R0042"
IDENTIFIERS = "urn:oid:1.2.250.1.71.4.2.2.1750000999"
STAY, VISIT, DRIVE = ({"reference": f"urn:uuid:{name}"} for name in ("sejour", "visite", "trajet"))
PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"


def numbered(kind: str, number: str) -> list[Resource]:
    """Return the identifier of one thing of the record, as the ANS has them."""
    return [{"system": IDENTIFIERS, "value": f"{HOLDER}-{kind}-{number}"}]


def kind_of(code: str, display: str) -> Resource:
    """Return the class of an Encounter."""
    return {"system": url_of(CISIS), "code": code, "display": display}


def cisis(code: str, display: str) -> Resource:
    """Return a CodeableConcept of the TerminologieCISIS."""
    return coded(CISIS, code, display)


def stay() -> list[tuple[str, Resource]]:
    """Return the stay that goes on: since when, how it began, when it is to end."""
    began = observation(cisis("ORG-070", "Modalité d'entrée"), encounter=STAY, effectiveDateTime="2026-02-02")
    encounter = {
        "resourceType": "Encounter",
        "identifier": numbered("SEJOUR", "1012"),
        "status": "in-progress",
        "class": kind_of("GEN-351", "Établissement ou service social ou médico-social (ESSMS)"),
        "subject": PATIENT,
        "extension": [{"url": PLANNED_END, "valueDateTime": "2026-05-29"}],
        "period": {"start": "2026-02-02"},
        "serviceProvider": {"reference": f"urn:uuid:{KEYS['organization']}"},
    }
    return [("sejour", encounter), ("entree", began)]


def visit() -> list[tuple[str, Resource]]:
    """Return a visit at home: its people, its transport, its report."""
    at = {"start": f"{SEEN}T09:30:00+01:00", "end": f"{SEEN}T10:05:00+01:00"}
    encounter = {
        "resourceType": "Encounter",
        "identifier": numbered("EVN", "12548"),
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/note",
                "valueAnnotation": {"text": "Pansement refait ; la plaie se referme."},
            }
        ],
        "status": "finished",
        "class": kind_of("GEN-367", "Agenda de l'usager"),
        "type": [cisis("MED-1298", "Intervention d'un infirmier salarié")],
        "subject": PATIENT,
        "participant": [{"individual": ROLE}],
        "period": at,
        "partOf": STAY,
    }
    way = {
        "resourceType": "Task",
        "identifier": numbered("TPPro", "154674"),
        "status": "completed",
        "intent": "order",
        "code": cisis("ORG-202", "Véhicule individuel"),
        "for": PATIENT,
        "encounter": VISIT,
        "executionPeriod": {"start": f"{SEEN}T09:18:00+01:00", "end": f"{SEEN}T09:30:00+01:00"},
        "input": [
            {
                "type": {**coding(CISIS, "GEN-346", "Type de motorisation"), "text": "Type de motorisation"},
                "valueCodeableConcept": cisis("GEN-355", "Véhicule électrique"),
            }
        ],
    }
    used = {"valueCodeableConcept": coded(SNOMED, "261324000", "Véhicule")}
    return [
        ("visite", encounter),
        ("ressource", observation(cisis("GEN-349", "Type de ressource utilisée"), encounter=VISIT, **used)),
        ("trajet", way),
        ("distance", measure(coded(LOINC, "103208-5", "Distance parcourue"), valueQuantity=quantity(4, "km"))),
        ("cout", measure(cisis("ORG-200", "Budget réel"), valueQuantity=euros(2))),
        ("duree", measure(cisis("GEN-353", "Durée de transport théorique"), valueQuantity=quantity(12, "min"))),
        ("etat", state("REALISE", "Réalisé", encounter=VISIT)),
    ]


def measure(code: Resource, **value: Any) -> Resource:
    """Return what was measured of the drive."""
    return observation(code, encounter=VISIT, focus=[DRIVE], **value)


def euros(amount: int) -> Resource:
    """Return an amount of money."""
    return {"value": amount, "unit": "EUR", "system": "urn:iso:std:iso:4217", "code": "EUR"}


def state(code: str, display: str, **more: Any) -> Resource:
    """Return the state of an event or of an evaluation."""
    value = coded(STATES, code, display)
    return observation(coded(LOINC, "106199-3", "Statut"), valueCodeableConcept=value, **more)


def evaluation() -> list[tuple[str, Resource]]:
    """Return the AGGIR evaluation: its result, two of its items, the criteria of one, its state."""
    survey, day = category("survey"), "2026-02-03"
    name = cisis("MED-1292", "Evaluation AGGIR PH SSIAD")

    def links(*names: str) -> list[Resource]:
        return [{"reference": f"urn:uuid:{name}"} for name in names]

    criteria = {
        "spontanement": ("MED-1307", "fait spontanément", True),
        "totalement": ("MED-1308", "fait totalement", False),
        "correctement": ("MED-1309", "fait correctement", True),
        "habituellement": ("MED-1310", "fait habituellement", True),
    }
    told = {"category": survey, "effectiveDateTime": day}
    thinking = coded(ICF, "b160", "Fonctions de la pensée")
    moving = coded(ICF, "b114", "Fonctions d'orientation")
    unaided = coded(ICF, "qf0", "aucun facilitateur")
    return [
        ("groupe", observation(name, **told, hasMember=links("grille"))),
        (
            "grille",
            observation(
                name,
                **told,
                identifier=numbered("EVAL", "21564655"),
                performer=[ROLE],
                valueCodeableConcept=cisis("MED-340", "GIR-2"),
                hasMember=links("pensee", "orientation", "termine"),
            ),
        ),
        ("pensee", observation(thinking, category=survey, valueCodeableConcept=unaided, hasMember=links(*criteria))),
        ("orientation", observation(moving, category=survey, valueCodeableConcept=unaided)),
        *(
            (key, observation(cisis(code, display), category=survey, valueBoolean=done))
            for key, (code, display, done) in criteria.items()
        ),
        ("termine", state("TERMINE", "Terminé", effectiveDateTime=day)),
    ]


def software() -> Resource:
    """Return the software that makes the export."""
    return {
        "resourceType": "Device",
        "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "3750000999/DUI"}],
        "manufacturer": "Éditeur Exemple",
        "deviceName": [{"name": "Mon DUI", "type": "user-friendly-name"}],
        "type": coded(NON_PROFESSIONALS, "LOGICIEL_DUI", "Logiciel de Dossier Usager Informatisé"),
        "owner": {"reference": f"urn:uuid:{KEYS['organization']}"},
    }


def export() -> Resource:
    """Return the export of the stay, of one event and of one evaluation (EXPORT_DUI)."""
    stays, events, found = stay(), visit(), evaluation()
    sections = [
        section(cisis("GEN-362", "Historique des séjours"), "Séjours", *(name for name, _ in stays)),
        section(coded(LOINC, "89793-4", "Evènements"), "Evènements", *(name for name, _ in events)),
        section(coded(LOINC, "47420-5", "Évaluation du statut fonctionnel"), "Evaluations", "groupe"),
    ]
    kind = coded("1.2.250.1.213.1.1.4.12", "EXPORT_DUI", "Export du Dossier Usager Informatisé")
    resources = [("logiciel", software()), *stays, *events, *found]
    made = document(kind, "Document transfert de données DUI", sections, resources)
    composition: Resource = made["entry"][0]["resource"]
    composition["author"] = [{"reference": "urn:uuid:logiciel"}]
    return made


EXAMPLES = {"export-dui": export}


def main() -> None:
    """Write the examples."""
    for name, make in EXAMPLES.items():
        made = make()
        (FOLDER / f"{name}.json").write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (FOLDER / f"{name}.xml").write_bytes(written(made))


if __name__ == "__main__":
    main()
