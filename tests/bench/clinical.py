"""What one encounter leaves in a synthetic dossier: some fifteen resources that point at each other."""

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.bench import vocabulary as words

if TYPE_CHECKING:
    from tests.bench.population import Person

Resource = dict[str, Any]
Links = Mapping[str, str]


def encounter_entries(person: "Person", links: Links) -> Iterator[tuple[Resource, str]]:
    """Yield (resource, fullUrl) of everything one encounter leaves, the Encounter first."""
    begun, own = person.moment(), f"urn:uuid:{person.uuid()}"
    yield encounter(person, links, begun), own
    links = {**links, "encounter": own}
    measures = []
    for _ in range(5 + person.random.randrange(5)):
        measures.append(f"urn:uuid:{person.uuid()}")
        yield observation(person, links, begun), measures[-1]
    yield blood_pressure(person, links, begun), f"urn:uuid:{person.uuid()}"
    yield diagnostic_report(person, links, begun, measures), f"urn:uuid:{person.uuid()}"
    problem = f"urn:uuid:{person.uuid()}"
    yield condition(person, links, begun), problem
    yield procedure(person, links, begun, problem), f"urn:uuid:{person.uuid()}"
    yield immunization(person, links, begun), f"urn:uuid:{person.uuid()}"
    medication = f"urn:uuid:{person.uuid()}"
    yield medication_request(person, links, begun, problem), medication
    billed = f"urn:uuid:{person.uuid()}"
    yield claim(person, links, begun, problem, medication), billed
    yield explanation_of_benefit(person, links, begun, billed), f"urn:uuid:{person.uuid()}"


def encounter(person: "Person", links: Links, begun: datetime) -> Resource:
    """Return the Encounter."""
    period = {"start": _instant(begun), "end": _instant(begun + timedelta(minutes=15 + person.random.randrange(45)))}
    return {
        "resourceType": "Encounter",
        "identifier": [{"use": "official", "system": "https://usager.example/sejour", "value": person.uuid()}],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "type": [_concept(words.SNOMED, "162673000", "Examen général du patient")],
        "subject": {"reference": links["patient"], "display": f"{person.given} {person.family}"},
        "participant": [
            {
                "type": [
                    _concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "PPRF", "primary performer")
                ],
                "period": period,
                "individual": {"reference": links["practitioner"], "display": "Dr Synthétique"},
            }
        ],
        "period": period,
        "serviceProvider": {"reference": links["organization"], "display": "Résidence synthétique"},
    }


def observation(person: "Person", links: Links, begun: datetime) -> Resource:
    """Return one measure."""
    code, display, unit, low, high, category = person.random.choice(words.MEASURES)
    return {
        **_observed(links, begun, category, code, display),
        "valueQuantity": _quantity(person, unit, low, high),
    }


def blood_pressure(person: "Person", links: Links, begun: datetime) -> Resource:
    """Return a blood pressure, two components."""
    return {
        **_observed(links, begun, "vital-signs", "85354-9", "Blood pressure panel"),
        "component": [
            {
                "code": _concept(words.LOINC, code, display),
                "valueQuantity": _quantity(person, "mm[Hg]", low, high),
            }
            for code, display, low, high in (
                ("8462-4", "Diastolic Blood Pressure", 60, 100),
                ("8480-6", "Systolic Blood Pressure", 95, 180),
            )
        ],
    }


def diagnostic_report(person: "Person", links: Links, begun: datetime, measures: list[str]) -> Resource:
    """Return the report over some measures, with the clinical note as text."""
    note = f"{begun:%Y-%m-%d}\n\nMotif : {person.random.choice(words.CONDITIONS)[1]}\n" + 6 * (
        "Examen clinique sans particularité, auscultation libre, tension contrôlée, traitement bien supporté. "
    )
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "category": [_concept("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory")],
        "code": _concept(words.LOINC, "58410-2", "CBC panel - Blood by Automated count"),
        **_context(links, begun, "effectiveDateTime"),
        "issued": _instant(begun),
        "performer": [{"reference": links["practitioner"], "display": "Dr Synthétique"}],
        "result": [{"reference": measure, "display": "mesure"} for measure in measures],
        "presentedForm": [{"contentType": "text/plain", "data": base64.b64encode(note.encode()).decode()}],
        "conclusion": f"Bilan de {person.given} {person.family} sans particularité, contrôle dans six mois.",
    }


def condition(person: "Person", links: Links, begun: datetime) -> Resource:
    """Return one problem."""
    code, display = person.random.choice(words.CONDITIONS)
    base = "http://terminology.hl7.org/CodeSystem"
    return {
        "resourceType": "Condition",
        "clinicalStatus": _concept(f"{base}/condition-clinical", person.random.choice(("active", "resolved")), "état"),
        "verificationStatus": _concept(f"{base}/condition-ver-status", "confirmed", "confirmé"),
        "category": [_concept(f"{base}/condition-category", "encounter-diagnosis", "Diagnostic")],
        "code": _concept(words.SNOMED, code, display),
        **_context(links, begun, "onsetDateTime"),
        "recordedDate": _instant(begun),
    }


def procedure(person: "Person", links: Links, begun: datetime, problem: str) -> Resource:
    """Return one act."""
    code, display = person.random.choice(words.PROCEDURES)
    context = _context(links, begun, "performedDateTime")
    del context["performedDateTime"]
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": _concept(words.SNOMED, code, display),
        **context,
        "performedPeriod": {"start": _instant(begun), "end": _instant(begun + timedelta(minutes=20))},
        "location": {"display": "Résidence synthétique"},
        "reasonReference": [{"reference": problem, "display": "motif"}],
    }


def immunization(person: "Person", links: Links, begun: datetime) -> Resource:
    """Return one vaccination."""
    code, display = person.random.choice(words.VACCINES)
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": _concept("http://hl7.org/fhir/sid/cvx", code, display),
        "patient": {"reference": links["patient"]},
        "encounter": {"reference": links["encounter"]},
        "occurrenceDateTime": _instant(begun),
        "primarySource": True,
    }


def medication_request(person: "Person", links: Links, begun: datetime, problem: str) -> Resource:
    """Return one prescription."""
    code, display = person.random.choice(words.MEDICINES)
    return {
        "resourceType": "MedicationRequest",
        "status": person.random.choice(("active", "stopped", "completed")),
        "intent": "order",
        "medicationCodeableConcept": _concept("http://www.nlm.nih.gov/research/umls/rxnorm", code, display),
        **_context(links, begun, "authoredOn"),
        "requester": {"reference": links["practitioner"], "display": "Dr Synthétique"},
        "reasonReference": [{"reference": problem}],
        "dosageInstruction": [
            {
                "sequence": 1,
                "text": "Un comprimé matin et soir au cours du repas.",
                "timing": {"repeat": {"frequency": 2, "period": 1.0, "periodUnit": "d"}},
                "asNeededBoolean": False,
                "doseAndRate": [{"doseQuantity": {"value": 1.0}}],
            }
        ],
    }


def claim(person: "Person", links: Links, begun: datetime, problem: str, medication: str) -> Resource:
    """Return the claim of the encounter."""
    base = "http://terminology.hl7.org/CodeSystem"
    item = _concept(words.SNOMED, "162673000", "Examen général du patient")
    return {
        "resourceType": "Claim",
        "status": "active",
        "type": _concept(f"{base}/claim-type", "institutional", "Institutional"),
        "use": "claim",
        "patient": {"reference": links["patient"], "display": f"{person.given} {person.family}"},
        "billablePeriod": {"start": _instant(begun), "end": _instant(begun + timedelta(minutes=30))},
        "created": _instant(begun),
        "provider": {"reference": links["organization"], "display": "Résidence synthétique"},
        "priority": _concept(f"{base}/processpriority", "normal", "Normal"),
        "prescription": {"reference": medication},
        "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": problem}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "Assurance maladie"}}],
        "item": [
            {"sequence": 1, "productOrService": item, "encounter": [{"reference": links["encounter"]}]},
            {"sequence": 2, "diagnosisSequence": [1], "productOrService": item},
        ],
        "total": {"value": round(25 + person.random.random() * 200, 2), "currency": "EUR"},
    }


def explanation_of_benefit(person: "Person", links: Links, begun: datetime, billed: str) -> Resource:
    """Return what the insurer answered to the claim: the heaviest resource of a dossier."""
    base = "http://terminology.hl7.org/CodeSystem"
    person_link = {"reference": links["patient"], "display": f"{person.given} {person.family}"}
    amounts = [round(10 + person.random.random() * 90, 2) for _ in range(3)]
    return {
        "resourceType": "ExplanationOfBenefit",
        "identifier": [{"system": "https://assurance.example/decompte", "value": person.uuid()}],
        "status": "active",
        "type": _concept(f"{base}/claim-type", "institutional", "Institutional"),
        "use": "claim",
        "patient": person_link,
        "billablePeriod": {"start": _instant(begun), "end": _instant(begun + timedelta(days=365))},
        "created": _instant(begun),
        "insurer": {"display": "Assurance maladie"},
        "provider": {"reference": links["practitioner"], "display": "Dr Synthétique"},
        "facility": {"display": "Résidence synthétique"},
        "claim": {"reference": billed},
        "outcome": "complete",
        "careTeam": [
            {
                "sequence": 1,
                "provider": {"reference": links["practitioner"]},
                "role": _concept(f"{base}/claimcareteamrole", "primary", "Primary Care Practitioner"),
            }
        ],
        "insurance": [{"focal": True, "coverage": {"display": "Assurance maladie"}}],
        "item": [_benefit_item(base, number, amount, links, begun) for number, amount in enumerate(amounts, start=1)],
        "total": [
            {
                "category": _concept(f"{base}/adjudication", "submitted", "Submitted Amount"),
                "amount": {"value": round(sum(amounts), 2), "currency": "EUR"},
            }
        ],
        "payment": {"amount": {"value": round(0.7 * sum(amounts), 2), "currency": "EUR"}},
    }


def _benefit_item(base: str, number: int, amount: float, links: Links, begun: datetime) -> Resource:
    shares = (("submitted", 1.0), ("eligible", 0.9), ("benefit", 0.7), ("deductible", 0.1))
    return {
        "sequence": number,
        "category": _concept("https://assurance.example/categorie", "1", "Medical care"),
        "productOrService": _concept(words.SNOMED, "162673000", "Examen général du patient"),
        "servicedPeriod": {"start": _instant(begun), "end": _instant(begun + timedelta(minutes=30))},
        "locationCodeableConcept": _concept(f"{base}/ex-serviceplace", "21", "Inpatient Hospital"),
        "encounter": [{"reference": links["encounter"]}],
        "adjudication": [
            {
                "category": _concept(f"{base}/adjudication", code, code),
                "amount": {"value": round(amount * share, 2), "currency": "EUR"},
            }
            for code, share in shares
        ],
    }


def _observed(links: Links, begun: datetime, category: str, code: str, display: str) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [_concept("http://terminology.hl7.org/CodeSystem/observation-category", category, category)],
        "code": _concept(words.LOINC, code, display),
        **_context(links, begun, "effectiveDateTime"),
        "issued": _instant(begun),
    }


def _context(links: Links, begun: datetime, moment: str) -> Resource:
    return {
        "subject": {"reference": links["patient"]},
        "encounter": {"reference": links["encounter"]},
        moment: _instant(begun),
    }


def _quantity(person: "Person", unit: str, low: int, high: int) -> Resource:
    value = round(low + person.random.random() * (high - low), 4)
    return {"value": value, "unit": unit, "system": words.UCUM, "code": unit}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
