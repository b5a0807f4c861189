"""Structured prescriptions read into FHIR: lines of medicines and of devices, what is told of each."""

from tests.cda.bodies import sections_of
from tests.cda.documents import resources
from tests.cda.test_bodies import body, messages
from usager_cda import bundle_from_cda

ROOT = "1.2.250.1.213.1.1"
LOINC, CISIS = 'codeSystem="2.16.840.1.113883.6.1"', 'codeSystem="1.2.250.1.213.1.1.4.322"'
WORDS = (
    '<text><content ID="m">Paracétamol 500 mg</content><content ID="p">À distance des repas</content>'
    '<content ID="d">Délivrer par boîte de 16</content><content ID="l">Lit médical</content>'
    '<content ID="a">ALD : non</content></text>'
)
LONG_ILLNESS = (
    f'<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN"><templateId root="{ROOT}.3.48"/>'
    f'<templateId root="{ROOT}.3.48.13"/><id root="1.2.3" extension="ALD"/><code code="MED-574" {CISIS}/>'
    '<text><reference value="#a"/></text><statusCode code="completed"/><value xsi:type="BL" value="false"/>'
    "</observation></entryRelationship>"
)


def told_to(number: int, link: str) -> str:
    return (
        '<entryRelationship typeCode="SUBJ" inversionInd="true"><act classCode="ACT" moodCode="INT">'
        f'<templateId root="{ROOT}.3.{number}"/><code code="PINSTRUCT"/><text><reference value="#{link}"/></text>'
        '<statusCode code="completed"/></act></entryRelationship>'
    )


LINE = (
    f'<entry><substanceAdministration classCode="SBADM" moodCode="INT"><templateId root="{ROOT}.3.83"/>'
    '<id root="1.2.3" extension="L1"/><code code="DRUG" codeSystem="2.16.840.1.113883.5.4"/>'
    '<text><reference value="#m"/></text><statusCode code="completed"/>'
    '<effectiveTime xsi:type="IVL_TS"><low value="20260312"/><high value="20260317"/></effectiveTime>'
    '<repeatNumber value="3"/><consumable><manufacturedProduct><manufacturedMaterial>'
    '<code code="63107752" codeSystem="1.2.250.1.213.2.3.1"/></manufacturedMaterial></manufacturedProduct></consumable>'
    f'<entryRelationship typeCode="COMP"><sequenceNumber value="1"/><substanceAdministration classCode="SBADM" '
    f'moodCode="INT"><templateId root="{ROOT}.3.83.1"/><effectiveTime xsi:type="PIVL_TS"><period value="8" unit="h"/>'
    '</effectiveTime><doseQuantity><low value="1" unit="{tablet}"/><high value="1" unit="{tablet}"/></doseQuantity>'
    f"</substanceAdministration></entryRelationship>{told_to(33, 'p')}{told_to(34, 'd')}"
    f'<entryRelationship typeCode="COMP"><supply classCode="SPLY" moodCode="RQO"><templateId root="{ROOT}.3.86"/>'
    '<independentInd value="false"/><quantity value="2" unit="30009000"/></supply></entryRelationship>'
    f'<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="DEF"><templateId root="{ROOT}.3.87"/>'
    '<code code="N" displayName="Aucune substitution permise" codeSystem="2.16.840.1.113883.5.1070"/>'
    f'<statusCode code="completed"/></act></entryRelationship>{LONG_ILLNESS}</substanceAdministration></entry>'
)
DEVICE = (
    f'<entry><supply classCode="SPLY" moodCode="INT"><templateId root="{ROOT}.3.20"/><id nullFlavor="UNK"/>'
    '<text><reference value="#l"/></text><effectiveTime xsi:type="IVL_TS"><low value="20260312"/></effectiveTime>'
    '<repeatNumber value="0"/><quantity value="1"/><expectedUseTime><width value="60" unit="d"/></expectedUseTime>'
    '<participant typeCode="DEV"><participantRole classCode="MANU"><playingDevice>'
    '<code code="V0806" codeSystem="1.2.250.1.213.2.68"/></playingDevice></participantRole></participant>'
    f"{LONG_ILLNESS}</supply></entry>"
)
BAR_CODE = (
    '<entry><observationMedia classCode="OBS" moodCode="EVN" ID="code2d">'
    f'<templateId root="{ROOT}.3.103"/><value mediaType="image/jpeg" representation="B64">/9j/</value>'
    "</observationMedia></entry>"
)


def prescription(number: int, code: str, entry: str):
    head = f'<templateId root="{ROOT}.2.{number}"/><code code="{code}" {LOINC}/>'
    made = bundle_from_cda(body(f"<component><section>{head}{WORDS}{entry}</section></component>"))
    assert not any("original document only" in each or "no template" in each for each in messages(made))
    return made


def test_a_line_is_an_ordered_medication_with_its_doses():
    (line,) = resources(prescription(171, "57828-6", LINE), "MedicationRequest")
    assert (line["status"], line["intent"]) == ("active", "order")
    assert line["groupIdentifier"]["system"].endswith("document-set")
    assert "Practitioner" not in line["requester"]
    first, second = line["dosageInstruction"]
    assert first["timing"]["repeat"]["boundsPeriod"] == {"start": "2026-03-12", "end": "2026-03-17"}
    assert (second["sequence"], second["timing"]["repeat"]["period"]) == (1, 8)


def test_a_line_says_what_is_dispensed_and_who_is_told_what():
    (line,) = resources(prescription(171, "57828-6", LINE), "MedicationRequest")
    dispensed = line["dispenseRequest"]
    assert dispensed["numberOfRepeatsAllowed"] == 3
    assert dispensed["quantity"] == {"value": 2, "code": "30009000", "system": "http://standardterms.edqm.eu"}
    assert dispensed["extension"][0]["valueAnnotation"]["text"] == "Délivrer par boîte de 16"
    assert line["dosageInstruction"][0]["patientInstruction"] == "À distance des repas"
    assert line["substitution"]["allowedCodeableConcept"]["coding"][0]["code"] == "N"


def test_the_circumstances_of_a_line_are_observations_beside():
    made = prescription(171, "57828-6", LINE)
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    (line,) = resources(made, "MedicationRequest")
    (told,) = (links[each["reference"]] for each in line["supportingInformation"])
    assert (told["code"]["coding"][0]["code"], told["valueBoolean"]) == ("MED-574", False)


def test_a_prescribed_device_is_a_request_with_how_many_and_how_long():
    made = prescription(222, "46264-8", DEVICE)
    (asked,) = resources(made, "DeviceRequest")
    assert (asked["intent"], asked["codeCodeableConcept"]["coding"][0]["code"]) == ("order", "V0806")
    told = {each["code"]["text"]: each["valueQuantity"]["value"] for each in asked["parameter"]}
    assert told == {"Quantité": 1, "Renouvellements": 0, "Durée d'utilisation": 60}
    assert sections_of(made)["46264-8"]["entry"]
    assert resources(made, "DeviceUseStatement") == []


def test_the_2d_code_of_a_prescription_is_a_document_beside():
    made = prescription(223, "57723-9", BAR_CODE)
    (picture,) = (each for each in resources(made, "DocumentReference") if "masterIdentifier" not in each)
    assert picture["content"][0]["attachment"]["contentType"] == "image/jpeg"
    assert picture["type"]["coding"][0]["code"] == "57723-9"
