"""Two active records that bear one matricule: what tells a person that they must look at both."""

from hashlib import blake2b

from usager_server.canonicals import canonical
from usager_server.identity.parts import Tree

SYSTEM = canonical("CodeSystem", "identity-task")
CODE = "matricule-borne-twice"
TITLE = "Matricule INS porté par deux dossiers"
TEXT = (
    "Deux dossiers actifs portent le même matricule INS : les comparer et, si c'est la même personne, les fusionner "
    "($merge) ; sinon, interroger INSi pour chacun. D'ici là, ce dossier n'est pas modifiable."
)


def double_task_id(patient: str, other: str) -> str:
    """Return the id of the Task about two records, by their ids: it is told once, however often it is found."""
    return f"double-{blake2b(f'{patient} {other}'.encode(), digest_size=16).hexdigest()}"


def double_task(patient: str, other: str, moment: str) -> Tree:
    """Return the Task about a record whose matricule another one holds: focus is the one, input names the other."""
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "priority": "asap",
        "code": {"coding": [{"system": SYSTEM, "code": CODE}], "text": TITLE},
        "description": TEXT,
        "focus": {"reference": f"Patient/{patient}"},
        "for": {"reference": f"Patient/{patient}"},
        "authoredOn": moment,
        "input": [{"type": {"text": "autre dossier"}, "valueReference": {"reference": f"Patient/{other}"}}],
    }
