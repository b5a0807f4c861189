"""Treatments <-> MedicationStatement (what is taken) and MedicationRequest (what is planned)."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code
from usager_cda.datatypes.extensions import filled
from usager_cda.structured import french
from usager_cda.structured.dosage import build_dosage, read_dosage, times_of
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.product import build_product, consumable, read_product
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.reasons import build_reasons, read_reasons
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, link_of, related, said, status, text_at
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import HL7, Element, Node, attribute

TREATMENT = f"{FR_ENTRY}42"
SUB_DOSE = f"{FR_ENTRY}42.1"
PARENTS = (f"{CCD}24", f"{IHE}1.5.3.1.4.7")
NORMAL_DOSE, SPLIT_DOSE = f"{IHE}1.5.3.1.4.7.1", f"{IHE}1.5.3.1.4.8"
VARIANTS = (f"{FR_ENTRY}42.3", f"{FR_ENTRY}42.4")
VARIANT = f"{EXTENSIONS}/cda-template"
NAMING = (f"{HL7}code", f"{HL7}name")
DRUG = Code("DRUG", "2.16.840.1.113883.5.4", "Médicament")
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
MEDICATION = {"reference": "#medication"}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a MedicationStatement, or of a MedicationRequest for what is planned."""
    is_planned = statement.mood == "INT"
    body = told(statement, reading, is_planned=is_planned)
    if is_planned:
        yield reading.put("MedicationRequest", statement, {"status": "active", "intent": "plan", **body})
    else:
        yield reading.put("MedicationStatement", statement, body)


def told(statement: Statement, reading: Reading, *, is_planned: bool, part: str = SUB_DOSE) -> Tree:
    """Return what a treatment says, its intent aside; part is the template of its sub-doses."""
    statement.skip("statusCode")
    absent = _absent(statement, reading)
    product = read_product(statement.first("consumable"), reading)
    dosage, period = read_dosage(statement, reading, keeps_period=is_planned)
    doses = [dosage] if dosage else []
    for relation in statement.relations(part, type_code="COMP"):
        doses.append(_sub_dose(relation.element, relation.inner, reading))
    medication = absent or ({"text": "?"} if not product.get("code") else None)
    body = extended(
        {"extension": [*reading.link(statement), *_variant(statement)]},
        {"contained": [{**product, "id": "medication"}] if medication is None else None},
        {"medicationCodeableConcept": medication} if medication else {"medicationReference": MEDICATION},
        {"subject": reading.subject},
        reading.people(statement, author="requester" if is_planned else "informationSource"),
        read_reasons(statement, reading),
        {"note": reading.notes(statement)},
    )
    if is_planned:
        return {**body, "dosageInstruction": doses}
    state = "active" if absent is None else "unknown"
    return {**body, "effectivePeriod": period or None, "dosage": doses, "status": state}


def _absent(statement: Statement, reading: Reading) -> Tree | None:
    """Return the code that says that nothing is taken or known."""
    code = reading.concept(statement.first("code"))
    systems = [coding.get("system") for coding in (code or {}).get("coding", ())]
    return code if ABSENT in systems else None


def _variant(statement: Statement) -> list[Tree]:
    """Return the variants a treatment says it is: they bind what its dosage may hold."""
    return [{"url": VARIANT, "valueOid": f"urn:oid:{each}"} for each in VARIANTS if each in statement.templates]


def _sub_dose(relation: Element, statement: Statement | None, reading: Reading) -> Tree:
    if statement is None:
        return {}
    statement.skip("id", "code", "statusCode", "text", "consumable")
    dosage, _ = read_dosage(statement, reading, keeps_period=True)
    number = attribute(relation.find("{urn:hl7-org:v3}sequenceNumber"), "value")
    return filled({"sequence": int(number) if number and number.isdigit() and len(number) < 9 else None, **dosage})


def takes(resource: Tree) -> bool:
    """Say whether a resource is a treatment."""
    return resource.get("resourceType") in ("MedicationStatement", "MedicationRequest")


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the substanceAdministration of one treatment."""
    (resource,) = resources
    row = writing.row()
    is_planned = resource["resourceType"] == "MedicationRequest"
    doses = resource.get("dosageInstruction" if is_planned else "dosage") or []
    whole: Tree = next((dose for dose in doses if "sequence" not in dose), {})
    parts = [dose for dose in doses if dose is not whole]
    made = writing.statement(
        "substanceAdministration", _templates(resource, parts), mood="INT" if is_planned else "EVN"
    )
    medication = medication_of(resource, writing)
    absent = absent_code(resource)
    period = _period(resource, whole, writing)
    row.tell("Période", french.span(period))
    link = link_of(resource)
    text = "Aucune information" if absent else said(medication.get("code"))
    reference = row.point("Médicament", said(absent) if absent else text, link)
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", absent) if absent else build_code("code", DRUG))
    add(made, text_at(reference), status("completed"), *times_of(whole, period, row))
    add(made, *build_dosage(whole, writing, row))
    add(made, no_product() if absent else build_product(medication, writing, row, "Médicament", link=link))
    native = "requester" if is_planned else "informationSource"
    add(made, *writing.people(resource, "performer"), *writing.people(resource, "author", native))
    add(made, *writing.people(resource, "informant"), *build_reasons(resource, writing, row))
    add(made, *(_build_part(rank, dose, resource, writing, row) for rank, dose in enumerate(parts, 1)))
    add(made, *writing.comments(resource, row))
    return add(made, *_precondition(whole, row))


def _templates(resource: Tree, parts: list[Tree]) -> Iterator[str]:
    yield from PARENTS
    yield TREATMENT
    yield SPLIT_DOSE if parts else NORMAL_DOSE
    told = (each.get("valueOid", "") for each in resource.get("extension", ()) if each.get("url") == VARIANT)
    yield from (each.removeprefix("urn:oid:") for each in told)


def medication_of(resource: Tree, writing: Writing) -> Tree:
    """Return the Medication of a treatment, whether it is contained, beside it or only a code."""
    found = writing.find(resource.get("medicationReference"), resource)
    return found or {"code": resource.get("medicationCodeableConcept") or {}}


def absent_code(resource: Tree) -> Tree | None:
    """Return the code by which a treatment says that there is none, or nothing known of any."""
    concept: Tree = resource.get("medicationCodeableConcept") or {}
    return concept if any(coding.get("system") == ABSENT for coding in concept.get("coding", ())) else None


def no_product() -> Node:
    """Return the consumable of nothing."""
    material = add(node("manufacturedMaterial"), node("code", nullFlavor="UNK"), node("name", nullFlavor="UNK"))
    return consumable(material)


def _period(resource: Tree, dose: Tree, writing: Writing) -> Tree | None:
    """Return the period of a treatment: its own, else that of its dosage."""
    point = resource.get("effectiveDateTime")
    told = resource.get("effectivePeriod") or ({"start": point} if point else None)
    repeat = (dose.get("timing") or {}).get("repeat") or {}
    return told or repeat.get("boundsPeriod")


def _build_part(rank: int, dose: Tree, resource: Tree, writing: Writing, row: Row) -> Node:
    made = writing.statement("substanceAdministration", (SUB_DOSE, SPLIT_DOSE), mood="INT")
    made.append(node("id", root=writing.new_id(resource, "dose", rank).root))
    name = said(medication_of(resource, writing).get("code"))
    add(made, text_at(row.point("Médicament", name, link_of(resource))), status("completed"))
    add(made, *times_of(dose, None, row, as_expression=True), *build_dosage(dose, writing, row))
    add(made, no_product_again())
    relation = related("COMP", made)
    relation.insert(0, node("sequenceNumber", value=str(dose.get("sequence", rank))))
    return relation


def no_product_again() -> Node:
    """Return the consumable of a sub-dose: the product is told around it."""
    made = no_product()
    for each in made.iter():
        if each.tag in NAMING:
            each.set("nullFlavor", "NA")
    return made


def _precondition(dose: Tree, row: Row) -> Iterator[Node]:
    needed = dose.get("asNeededCodeableConcept")
    if needed or dose.get("asNeededBoolean"):
        text = add(node("text"), row.say("Condition", said(needed) or "si besoin"))
        yield add(node("precondition"), add(node("criterion"), text))


ENTRY = Kind(template=TREATMENT, parents=PARENTS, known_by=PARENTS[1:], read=read, takes=takes, build=build)
