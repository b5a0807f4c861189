"""Lines of a structured prescription (eP-MED-DM) -> MedicationRequest; its 2D code -> DocumentReference. Read only."""

from collections.abc import Iterable

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import concept_from_code
from usager_cda.datatypes.extensions import filled
from usager_cda.entries.ordering import amount, circumstances, order, with_requester
from usager_cda.entries.treatment import told
from usager_cda.structured.files import read_file
from usager_cda.structured.kinds import FR_ENTRY, IHE, Kind, loinc
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.tree import attribute

LINE, PART, QUANTITY, SUBSTITUTION = f"{FR_ENTRY}83", f"{FR_ENTRY}83.1", f"{FR_ENTRY}86", f"{FR_ENTRY}87"
FOR_PATIENT, FOR_DISPENSER = f"{FR_ENTRY}33", f"{FR_ENTRY}34"
BAR_CODE = f"{FR_ENTRY}103"
BAR_CODE_TYPE = loinc("57723-9", "Numéro de code à barres unique")
# R5 has the element: the standard name of an R5 element in R4.
TO_DISPENSER = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-MedicationRequest.dispenseRequest.dispenserInstruction"
)


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the MedicationRequest of one line."""
    dispensed = _dispense(statement, reading)
    substitution = _substitution(statement, reading)
    for_patient = _instructions(statement, reading, FOR_PATIENT)
    around = circumstances(statement, reading)
    body = with_requester(told(statement, reading, is_planned=True, part=PART), reading)
    doses = body["dosageInstruction"] or ([{}] if for_patient else [])
    if for_patient:
        doses = [{**doses[0], "patientInstruction": " ".join(for_patient)}, *doses[1:]]
    body |= {**order(reading), "dosageInstruction": doses, "dispenseRequest": dispensed}
    yield reading.put(
        "MedicationRequest", statement, {**body, "substitution": substitution, "supportingInformation": around}
    )


def _dispense(statement: Statement, reading: Reading) -> Tree:
    """Return how much is dispensed, how often again, what the dispenser is told."""
    notes = [{"url": TO_DISPENSER, "valueAnnotation": {"text": words}} for words in _words(statement, reading)]
    repeats = attribute(statement.first("repeatNumber"), "value") or ""
    supply = statement.one(QUANTITY)
    quantity = None if supply is None else supply.first("quantity")
    if supply is not None:
        supply.skip("id", "independentInd", "statusCode")
    made = {
        "extension": notes,
        "numberOfRepeatsAllowed": int(repeats) if repeats.isdigit() and len(repeats) < 6 else None,
        "quantity": amount(quantity, reading) if quantity is not None else None,
    }
    return {name: held for name, held in made.items() if held not in (None, [], {})}


def _words(statement: Statement, reading: Reading) -> list[str]:
    return _instructions(statement, reading, FOR_DISPENSER)


def _instructions(statement: Statement, reading: Reading, template: str) -> list[str]:
    """Return the instructions of a line to somebody, in the words of the narrative."""
    found = statement.related(template)
    for each in found:
        each.skip("id", "code", "statusCode")
    return [words for each in found if (words := reading.said(each))]


def _substitution(statement: Statement, reading: Reading) -> Tree | None:
    """Return whether the dispenser may give another product."""
    found = statement.one(SUBSTITUTION)
    if found is None:
        return None
    found.skip("id", "statusCode")
    code = reading.concept(found.first("code"))
    return {"allowedCodeableConcept": code} if code else None


def read_bar_code(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the DocumentReference of the picture of a 2D code."""
    attachment = read_file(statement.element, reading)
    statement.skip("value")
    if attachment is not None:
        kind = concept_from_code(BAR_CODE_TYPE)
        body = filled({"status": "current", "type": kind, "subject": reading.subject})
        yield reading.put("DocumentReference", statement, {**body, "content": [{"attachment": attachment}]})


ENTRIES = (
    Kind(template=LINE, parents=(f"{IHE}1.9.1.3.2",), known_by=(f"{IHE}1.9.1.3.2",), read=read),
    Kind(template=BAR_CODE, read=read_bar_code),
)
