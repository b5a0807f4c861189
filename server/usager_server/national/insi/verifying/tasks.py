"""What a person must do after a verification: a Task in the record, in French."""

from typing import Any

from usager_server.interactions.session import instant_text, now
from usager_server.national.insi.verifying.words import OUTCOMES, SYSTEM, Outcome


def task_of(patient: str, outcome: Outcome, answer: str = "") -> dict[str, Any]:
    """Return the Task for a Patient, by its id. Shape: answer names what may be accepted, "" when nothing can be."""
    title, text = OUTCOMES[outcome]
    moment = instant_text(now())
    task: dict[str, Any] = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [{"system": SYSTEM, "code": "verification"}], "text": "Vérification de l'INS"},
        "businessStatus": {"coding": [{"system": SYSTEM, "code": str(outcome)}], "text": title},
        "description": text,
        "focus": {"reference": f"Patient/{patient}"},
        "for": {"reference": f"Patient/{patient}"},
        "authoredOn": moment,
    }
    if answer:
        task["input"] = [{"type": {"coding": [{"system": SYSTEM, "code": "answer"}]}, "valueString": answer}]
    return task
