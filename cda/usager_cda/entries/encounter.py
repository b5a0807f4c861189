"""What stays and events share: each stands with all that was observed of it."""

from collections.abc import Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, code_from_coding
from usager_cda.fhir.participations import reference_key
from usager_cda.fhir.resolver import Resolver
from usager_cda.structured.kinds import CISIS, cisis
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing

NULL_FLAVORS = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
AGENDA = cisis("GEN-367", "Agenda de l'usager")


def class_of(statement: Statement, reading: Reading) -> Tree:
    """Return the class of the Encounter that a statement becomes; unknown without a code, since R4 wants one."""
    return reading.coding(statement.first("code")) or {"system": NULL_FLAVORS, "code": "UNK"}


def encounter_key(resource: Tree, resolver: Resolver) -> object:
    """Return what an Encounter shares with the Observations and Tasks of it, and with what was measured of these."""
    if resource.get("resourceType") == "Encounter":
        return id(resource)
    around = resolver.find(resource.get("encounter"), resource)
    return reference_key(resource.get("encounter")) if around is None else id(around)


def encounter_of(resources: Sequence[Tree], writing: Writing) -> Tree:
    """Return the Encounter that resources stand with; an unknown one, and a remark, when it is not at hand."""
    listed = next((each for each in resources if each.get("resourceType") == "Encounter"), None)
    found = listed or writing.find(resources[0].get("encounter"), resources[0])
    if found is None:
        kind = resources[0].get("resourceType")
        writing.report("The Encounter is not in the Bundle; an unknown one is written", f"{kind}.encounter")
        return {"resourceType": "Encounter", "status": "unknown"}
    return found


def class_code(encounter: Tree, default: Code, writing: Writing) -> Code:
    """Return what kind of stay or event it is, in the codes of the CI-SIS; the default for a class of HL7's own."""
    told = code_from_coding(encounter.get("class") or {})
    if told.system == CISIS:
        return told
    if told.code:
        text = f"The class {told.code} is not of the TerminologieCISIS; {default.code} is written"
        writing.report(text, "Encounter.class", "information")
    return default
