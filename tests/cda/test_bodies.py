"""Bodies both ways: what is read is written again as it was, and nothing is lost in silence."""

import base64
import html
import importlib.util

import pytest
from lxml import etree

from tests.cda.bodies import ICD, coded, said, section, sections_of, summary
from tests.cda.documents import EXAMPLES, PDF, PUBLIC, everything, example, resources
from usager_cda import IncompleteDocument, bundle_from_cda, cda_from_bundle
from usager_cda.document import write_document
from usager_cda.structured import registry
from usager_cda.tree import HL7

BODIES = ("synthese-medicale", "vsm", "fiche-de-transfert", "note-de-vaccination", "trod", "export-dui")
ABSENT_IN = (
    ("Condition", "code"),
    ("Procedure", "code"),
    ("AllergyIntolerance", "code"),
    ("MedicationStatement", "medicationCodeableConcept"),
)
DENIED = b'<observation classCode="OBS" moodCode="EVN" negationInd="true">'
MODELS = ("VSM", "IPS-FR", "DLU-FT-SU", "VAC-NOTE", "BIO-TROD", "TDDUI", "DOC_NON_STRUCTURE")
WRITTEN = [path for path in PUBLIC if path.stem.startswith(MODELS)]
STAYING = {"IPS-FR_2024.01_DLU": ["reference is kept in the original document only"]}
ASTHMA = {
    "fullUrl": "urn:uuid:asthma",
    "resourceType": "Condition",
    "clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Actif"),
    "code": {**coded(ICD, "J45.9", "Asthme, sans précision"), "text": "Asthme"},
    "onsetDateTime": "2011-03",
    "note": [{"text": "Suivi en pneumologie"}],
}
VIGILANCE = section(
    "30954-2", text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Aucun</div>'}
)


def messages(bundle) -> list[str]:
    found = [
        part for entry in bundle["entry"] for finding in entry.get("extension", ()) for part in finding["extension"]
    ]
    return [part["valueString"] for part in found if part["url"] == "message"]


def edited(old: str, new: str) -> bytes:
    text = everything().decode()
    assert old in text
    return text.replace(old, new).encode()


def body(inside: str) -> bytes:
    text = everything().decode()
    start, end = text.index("<structuredBody>") + len("<structuredBody>"), text.index("</structuredBody>")
    return (text[:start] + inside + text[end:]).encode()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_a_body_survives_both_ways(path):
    # One entry of the IPS sample points at words that are not in its narrative; what we write points at some.
    first = bundle_from_cda(path.read_bytes().replace(b"#resultat-imagerie-01", b"#resultat-imagerie-02"))
    assert said(bundle_from_cda(cda_from_bundle(first))) == said(first)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_nothing_of_these_bodies_stays_behind(path):
    found = messages(bundle_from_cda(path.read_bytes()))
    assert [message for message in found if "original document only" in message] == STAYING.get(path.stem, [])


def test_what_is_written_is_read_again():
    written = write_document(summary(ASTHMA, sections=[section("11450-4", "urn:uuid:asthma"), VIGILANCE]))
    assert written.findings == ()
    made = bundle_from_cda(written.data)
    condition = resources(made, "Condition")[0]
    assert condition["code"] == ASTHMA["code"]
    assert (condition["onsetDateTime"], condition["note"]) == ("2011-03", ASTHMA["note"])
    assert sections_of(made)["11450-4"]["entry"][0]["reference"] in {entry["fullUrl"] for entry in made["entry"]}
    assert "Asthme" in sections_of(made)["11450-4"]["text"]["div"]


def test_every_reference_of_an_entry_leads_to_the_narrative():
    data = cda_from_bundle(summary(ASTHMA, sections=[section("11450-4", "urn:uuid:asthma"), VIGILANCE]))
    root = etree.fromstring(data)
    ids = [element.get("ID") for element in root.iter() if element.get("ID")]
    links = [reference.get("value") for reference in root.iter(f"{HL7}reference")]
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert links


def test_a_missing_section_is_asked_for():
    with pytest.raises(IncompleteDocument, match="30954-2") as caught:
        cda_from_bundle(summary(ASTHMA, sections=[section("11450-4", "urn:uuid:asthma")]))
    assert caught.value.findings[0].expression == "Composition.section"


def test_what_a_model_has_no_place_for_is_told():
    sections = [section("11450-4", "urn:uuid:asthma"), VIGILANCE, section("8716-3", "urn:uuid:asthma")]
    findings = write_document(summary(ASTHMA, sections=sections)).findings
    assert [finding.expression for finding in findings] == ["Composition.section[2]"]


def test_a_section_that_must_hold_an_entry_and_has_words_only_is_told():
    words = {"status": "additional", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Sonde à demeure</p></div>'}
    sections = [section("11450-4", "urn:uuid:asthma"), VIGILANCE, section("10157-6", text=words)]
    findings = write_document(summary(ASTHMA, sections=sections)).findings
    assert [finding.expression for finding in findings] == ["Composition.section[2].entry"]
    assert "10157-6 has words only" in findings[0].message


def test_an_unknown_section_keeps_its_narrative_and_is_told():
    made = bundle_from_cda(body('<component><section><code code="1-8"/><text>Bonjour</text></section></component>'))
    assert "Bonjour" in sections_of(made)["1-8"]["text"]["div"]
    assert any("1-8 is of no template we know" in message for message in messages(made))


def test_an_unknown_entry_is_told_with_its_place():
    entry = '<entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.3"/></observation></entry>'
    made = bundle_from_cda(body(f'<component><section><code code="1-8"/><text>A</text>{entry}</section></component>'))
    assert any("of a kind we do not read (1.2.3)" in message for message in messages(made))
    assert resources(made, "Observation") == []


def test_a_script_in_a_narrative_is_text_only():
    text = '<text>Bonjour <script>alert(1)</script><linkHtml href="javascript:alert(1)">ici</linkHtml></text>'
    made = bundle_from_cda(body(f'<component><section><code code="1-8"/>{text}</section></component>'))
    div = sections_of(made)["1-8"]["text"]["div"]
    assert "<script" not in div
    assert "javascript" not in div
    assert "ici" in div


def test_each_template_is_declared_once_and_each_section_lists_kinds_that_are_written():
    kinds = registry.kinds()
    for found in registry.sections().values():
        assert all(kinds[template].build is not None for template in found.entries)
    for model in registry.models().values():
        assert all(slot.section in registry.sections() for slot in model.slots)


@pytest.mark.parametrize("name", BODIES)
def test_the_examples_of_the_documentation_are_what_is_written(name):
    read = bundle_from_cda((EXAMPLES / f"{name}.xml").read_bytes())
    assert said(bundle_from_cda(cda_from_bundle(example(name)))) == said(read)
    assert messages(read) == []


@pytest.mark.parametrize("name", BODIES)
def test_an_example_survives_both_ways(name):
    first = bundle_from_cda((EXAMPLES / f"{name}.xml").read_bytes())
    assert said(bundle_from_cda(cda_from_bundle(first))) == said(first)


@pytest.mark.parametrize("name", BODIES)
def test_the_narrative_of_an_example_says_what_its_entries_say(name):
    read = bundle_from_cda(cda_from_bundle(example(name)))
    divs = {code: each["text"]["div"] for code, each in sections_of(read).items() if each.get("text")}
    for entry in example(name)["entry"]:
        if entry["resource"]["resourceType"] in ("Condition", "Procedure", "Observation"):
            label = entry["resource"]["code"].get("text") or entry["resource"]["code"]["coding"][0]["display"]
            is_group = "hasMember" in entry["resource"]
            assert is_group or any(html.escape(label, quote=False) in div for div in divs.values()), label


def test_what_is_not_told_is_said_to_be_no_information():
    bundle = example("synthese-medicale")
    composition = resources(bundle, "Composition")[0]
    composition["section"] = [each for each in composition["section"] if "entry" not in each]
    read = bundle_from_cda(cda_from_bundle(bundle))
    codes = {coding["code"] for each in ABSENT_IN for coding in resources(read, each[0])[0][each[1]]["coding"]}
    assert codes == {"no-problem-info", "no-procedure-info", "no-allergy-info", "no-medication-info"}


def test_the_pdf_copy_is_inside_and_found_first():
    data = cda_from_bundle(example("synthese-medicale"), pdf=PDF)
    read = bundle_from_cda(data)
    copy_of = resources(read, "DocumentReference")[0]["content"][1]["attachment"]
    assert copy_of["contentType"] == "application/pdf"
    binary = next(each for each in resources(read, "Binary") if f"Binary/{each['id']}" == copy_of["url"])
    assert base64.b64decode(binary["data"]) == PDF
    assert said(bundle_from_cda(cda_from_bundle(read))) == said(read)


def test_a_kind_of_encounter_that_a_model_forbids_is_left_out_and_told():
    findings = write_document(example("fiche-de-transfert")).findings
    assert [finding.expression for finding in findings] == ["Encounter.class"]


def test_a_document_read_twice_names_its_resources_alike_and_a_changed_statement_otherwise():
    data = (EXAMPLES / "vsm.xml").read_bytes()
    changed = bundle_from_cda(data.replace("Équilibrée sous traitement".encode(), "Mal équilibrée".encode()))
    before, after = ([entry["fullUrl"] for entry in each["entry"]] for each in (bundle_from_cda(data), changed))
    others = [rank for rank, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    types = [changed["entry"][rank]["resource"]["resourceType"] for rank in others]
    assert types == ["Condition", "Binary"]
    assert bundle_from_cda(data) == bundle_from_cda(data)


def test_a_denied_statement_is_never_read_as_what_it_denies():
    data = (EXAMPLES / "vsm.xml").read_bytes()
    denied = data.replace(b'<observation classCode="OBS" moodCode="EVN" negationInd="false">', DENIED, 1)
    condition = resources(bundle_from_cda(denied), "Condition")[0]
    assert condition["verificationStatus"]["coding"][0]["code"] == "refuted"


@pytest.mark.parametrize("name", sorted(registry.models()))
def test_the_page_of_a_model_is_what_the_library_reads_and_writes(name):
    scripts = EXAMPLES.parents[1] / "scripts"
    found = importlib.util.spec_from_file_location("cda_model_pages", scripts / "cda_model_pages.py")
    pages = importlib.util.module_from_spec(found)
    found.loader.exec_module(pages)
    written = (EXAMPLES.parent / "cda" / f"{name}.md").read_text("utf-8")
    assert written == pages.page(registry.models()[name]), "run scripts/cda_model_pages.py"


def test_a_medicine_is_coded_by_its_cis_code_and_its_class_stands_beside():
    root = etree.fromstring(cda_from_bundle(example("vsm")))
    material = next(root.iter(f"{HL7}manufacturedMaterial"))
    assert material.find(f"{HL7}code").get("code") == "62080626"
    pharmacy = "{urn:ihe:pharm:medication}"
    kind = material.find(f"{pharmacy}asSpecializedKind/{pharmacy}generalizedMedicineClass/{pharmacy}code")
    assert kind.get("code") == "H03AA01"
