"""Documents that are only read: never another model in silence, never cut down to their PDF without a word."""

import base64

import pytest
from lxml import etree

from tests.cda.documents import PDF, PUBLIC, around_a_pdf, example, header_of, resources
from tests.cda.test_bodies import body, messages
from usager_cda import IncompleteDocument, bundle_from_cda, cda_from_bundle, write_document
from usager_cda.tree import HL7

ROOT, LOINC = "1.2.250.1.213.1.1", 'codeSystem="2.16.840.1.113883.6.1"'
FORMER = "urn:asip:ci-sis:dlu:2015"


def former_sheet():
    """Return a medical summary as it is read from a document of the former model, of the same type."""
    read = bundle_from_cda(cda_from_bundle(example("synthese-medicale")))
    for content in resources(read, "DocumentReference")[0]["content"]:
        content["format"]["code"] = FORMER
    return read


def test_a_former_model_is_not_rewritten_as_the_one_that_has_its_type():
    with pytest.raises(IncompleteDocument, match=FORMER) as refused:
        cda_from_bundle(former_sheet())
    assert refused.value.findings[0].expression == "DocumentReference.content.format"


def test_a_former_model_is_rewritten_when_it_is_asked_for_and_that_is_told():
    sheet = former_sheet()
    profile = "https://usager.example/fhir/StructureDefinition/cda-ips-fr"
    resources(sheet, "Composition")[0]["meta"]["profile"] = [profile]
    assert FORMER in write_document(sheet).findings[0].message


def letter(*contents):
    """Return a letter around a stay as it is read, with other contents of its document."""
    made = bundle_from_cda(
        body(f'<component><section><code code="42349-1" {LOINC}/><text>Chute</text></section></component>')
    )
    resources(made, "DocumentReference")[0]["content"] += contents
    return made


def test_a_document_of_a_type_that_is_read_only_is_refused_by_name():
    with pytest.raises(IncompleteDocument, match="is read only: no model writes its sections"):
        cda_from_bundle(letter())


def test_an_n1_around_the_pdf_of_a_structured_document_says_what_is_left_behind():
    pdf = {"contentType": "application/pdf", "data": base64.b64encode(PDF).decode()}
    (finding,) = write_document(letter({"attachment": pdf})).findings
    assert "its 1 sections are left behind" in finding.message
    assert finding.expression == "Composition.section"


def test_an_n1_that_was_read_is_written_around_the_same_file():
    first = bundle_from_cda(cda_from_bundle(around_a_pdf(letter())))
    written = write_document(first)
    assert written.findings == ()
    assert header_of(bundle_from_cda(written.data)) == header_of(first)
    text = etree.fromstring(written.data).find(f"{HL7}component/{HL7}nonXMLBody/{HL7}text")
    assert base64.b64decode(text.text) == PDF


def test_a_document_with_files_among_its_results_has_one_main_document():
    made = bundle_from_cda(cda_from_bundle(around_a_pdf(letter())))
    main = resources(made, "DocumentReference")[0]
    link = next(entry["fullUrl"] for entry in made["entry"] if entry["resource"] is main)
    inside = {"resourceType": "DocumentReference", "status": "current", "context": {"related": [{"reference": link}]}}
    made["entry"].append({"fullUrl": "urn:uuid:inside", "resource": {**inside, "content": []}})
    assert write_document(made).findings == ()


def test_a_transfer_is_a_procedure_with_where_it_led():
    entry = (
        f'<entry><act classCode="ACT" moodCode="EVN"><templateId root="{ROOT}.3.28"/><id root="1.2.3" extension="T"/>'
        f'<code code="80413-8" {LOINC}/><statusCode code="completed"/>'
        '<effectiveTime><low value="20260312100000+0100"/></effectiveTime>'
        '<participant typeCode="DST"><participantRole classCode="SDLOC"><id root="1.2.3" extension="EHPAD"/>'
        '<code code="SA17" codeSystem="1.2.250.1.71.4.2.4"/><telecom value="tel:0102030405" use="WP"/>'
        "<playingEntity><name>EHPAD Les Tilleuls</name></playingEntity></participantRole></participant></act></entry>"
    )
    head = f'<templateId root="{ROOT}.2.163"/><code code="42545-4" {LOINC}/>'
    made = bundle_from_cda(body(f"<component><section>{head}<text>Retour</text>{entry}</section></component>"))
    (transfer,) = resources(made, "Procedure")
    (place,) = transfer["contained"]
    assert (transfer["code"]["coding"][0]["code"], transfer["location"]) == ("80413-8", {"reference": "#place"})
    assert (place["name"], place["type"][0]["coding"][0]["code"]) == ("EHPAD Les Tilleuls", "SA17")
    assert not any("original document only" in each for each in messages(made))


@pytest.mark.parametrize("number", [133, 151, 154, 162, 172, 253])
def test_each_section_of_the_sheets_is_known(number):
    head = f'<templateId root="{ROOT}.2.{number}"/><code code="X" {LOINC}/>'
    made = bundle_from_cda(body(f"<component><section>{head}<text>Rien</text></section></component>"))
    assert not any("no template we know" in each for each in messages(made))


@pytest.mark.parametrize("path", [path for path in PUBLIC if path.stem.startswith("DLU-EHPAD")], ids=lambda p: p.stem)
def test_the_former_sheets_are_refused_by_the_model_they_share_their_type_with(path):
    with pytest.raises(IncompleteDocument, match=r"cda-ips-fr"):
        cda_from_bundle(bundle_from_cda(path.read_bytes()))
