"""Our own rules: each finds what it is there for, and says where; sound documents have nothing."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cda.documents import OWN, PUBLIC, everything
from tests.spent import at_most
from usager_cda.safety import parse_document
from usager_cda.validation import Remark, check_document
from usager_cda.validation.own import check_tree
from usager_cda.validation.rules import ROOMS
from usager_cda.validation.rules.identity import key_is_right

PAGE = Path(__file__).parents[3] / "docs" / "cda" / "validation.md"
HL7 = 'codeSystem="2.16.840.1.113883.5.25"'
TOMORROW = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y%m%d")
PDF_A = (
    b"%PDF-1.4\n<< /Type /Catalog /OutputIntents [<< /S /GTS_PDFA1 >>] >>\nstream\n"
    b'<rdf:Description pdfaid:part="1" pdfaid:conformance="B"/> /JavaScript \nendstream\n%%EOF\n'
)

SOUND = f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="1.2.3.4"/><code code="SYNTH" codeSystem="1.2.250.1.213.1.1.4.12"/>
<effectiveTime value="20260102101500+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
<setId root="1.2.3.5"/><versionNumber value="1"/>
<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>
<patient><administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19790305"/></patient>
</patientRole></recordTarget>
<author><time value="20260102"/></author>
<component><structuredBody><component><section>
<text><content ID="weight">Poids 61,5 kg, lot AB-12</content></text>
<entry><observation classCode="OBS" moodCode="EVN"><id root="1.2.3.6"/>
<code code="29463-7" codeSystem="2.16.840.1.113883.6.1"/><text><reference value="#weight"/></text>
<effectiveTime value="20260101"/><value xsi:type="PQ" value="61.50" unit="kg"/></observation></entry>
<entry><substanceAdministration classCode="SBADM" moodCode="EVN"><id root="1.2.3.7"/>
<consumable><lotNumberText>ab-12</lotNumberText></consumable></substanceAdministration></entry>
<entry><observationMedia classCode="OBS" moodCode="EVN" ID="media"><id root="1.2.3.8"/>
<value mediaType="application/pdf" representation="B64">{base64.b64encode(PDF_A).decode()}</value>
</observationMedia></entry>
</section></component></structuredBody></component></ClinicalDocument>"""


def found(text: str) -> list[Remark]:
    """Return what is found in a document."""
    return list(check_document(text.encode()).remarks)


def changed(old: str, new: str) -> str:
    """Return the sound document with one change."""
    assert old in SOUND, old
    return SOUND.replace(old, new, 1)


def with_file(data: bytes, media_type: str = "application/pdf") -> str:
    """Return the sound document with another file in it."""
    encoded = f'<value mediaType="{media_type}" representation="B64">{base64.b64encode(data).decode()}</value>'
    return re.sub(r"<value mediaType.*?</value>", lambda _: encoded, SOUND, flags=re.DOTALL)


def as_body(data: bytes, media_type: str = "application/pdf") -> str:
    """Return the sound document as an N1."""
    text = f'<text mediaType="{media_type}" representation="B64">{base64.b64encode(data).decode()}</text>'
    body = f"<nonXMLBody>{text}</nonXMLBody>"
    return re.sub(r"<structuredBody>.*</structuredBody>", lambda _: body, SOUND, flags=re.DOTALL)


def test_a_sound_document_has_nothing():
    assert found(SOUND) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("record-target", "<author>", "<recordTarget/><author>"),
        ("ins-key", "279035121518989", "279035121518988"),
        ("ins-form", "279035121518989", "27903512151898"),
        ("ins-form", "279035121518989", "979035121518989"),
        ("document-id", 'id root="1.2.3.4"', 'id root="urn:x"'),
        ("document-id", 'id root="1.2.3.4"', f'id root="1.2.{"3" * 62}"'),
        ("version-replaces", 'versionNumber value="1"', 'versionNumber value="2"'),
        ("birth-future", "19790305", TOMORROW),
        ("date-future", '<author><time value="20260102"/>', f'<author><time value="{TOMORROW}"/>'),
        ("date-future", '<effectiveTime value="20260101"/>', f'<effectiveTime value="{TOMORROW}"/>'),
        ("date-before-birth", '<author><time value="20260102"/>', '<author><time value="19780102"/>'),
        (
            "date-before-birth",
            '<effectiveTime value="20260101"/>',
            '<effectiveTime><low value="1978"/></effectiveTime>',
        ),
        ("anchor-duplicate", '<content ID="weight">', '<content ID="weight">x</content><content ID="weight">'),
        ("reference-dangling", "#weight", "#height"),
        ("reference-dangling", "Poids", '<renderMultiMedia referencedObject="none"/>Poids'),
        ("reference-dangling", "Poids", '<linkHtml href="#none">x</linkHtml>Poids'),
        ("reference-empty", "#weight", '#empty"/><original ID="empty'),
        ("entry-id-duplicate", 'id root="1.2.3.7"', 'id root="1.2.3.6"'),
        ("narrative-missing", '<content ID="weight">Poids 61,5 kg, lot AB-12</content>', '<content ID="weight"/>'),
        ("narrative-value", "61,5", "62,5"),
        ("narrative-value", "AB-12", "AB-13"),
        ("code-unknown", 'code="F"', 'code="X"'),
        ("code-display", 'displayName="Normal"', 'displayName="Ordinaire"'),
        ("confidentiality", 'code="N" codeSystem="2.16.840.1.113883.5.25"', 'code="MASQUE_PS" codeSystem="1.2.3"'),
        ("code-system", 'codeSystem="2.16.840.1.113883.6.1"', 'codeSystem="LOINC"'),
        ("code-system", ' codeSystem="2.16.840.1.113883.6.1"', ""),
        ("file-base64", 'representation="B64">', 'representation="B64">*'),
    ],
)
def test_a_fault_is_found_and_placed(rule: str, old: str, new: str):
    remarks = found(changed(old, new))
    assert rule in {remark.rule for remark in remarks}
    placed = next(remark for remark in remarks if remark.rule == rule)
    assert placed.line is not None
    assert (placed.xpath or "").startswith("/ClinicalDocument/")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("61,5", "61.50"),
        ("19790305", "19790000"),
        ('displayName="Normal"', 'displayName="NORMAL"'),
        ('<effectiveTime value="20260101"/>', '<effectiveTime nullFlavor="UNK"/>'),
        ('moodCode="EVN"><id root="1.2.3.6"/>', 'moodCode="INT"><id root="1.2.3.6"/>'),
        ('code="SYNTH" ', 'code="NEW" '),
        (f'code="N" {HL7} displayName="Normal"', f'code="R" {HL7} displayName="Confidentiel"'),
    ],
)
def test_what_cannot_be_told_is_not_told(old: str, new: str):
    assert found(changed(old, new)) == []


@pytest.mark.parametrize(
    ("data", "media_type", "rule"),
    [
        (b"%PDF-1.7\n%%EOF", "application/pdf", "file-pdf-a"),
        (PDF_A.replace(b'part="1"', b'part="3"'), "application/pdf", "file-pdf-a"),
        (PDF_A.replace(b"/Type", b"/Encrypt 3 0 R /Type"), "application/pdf", "file-pdf-a"),
        (PDF_A.replace(b"/Type", b"/JS (app) /Type"), "application/pdf", "file-pdf-a"),
        (PDF_A.replace(b"/GTS_PDFA1", b"/Other"), "application/pdf", "file-pdf-a"),
        (b"\xff\xd8\xff\xe0", "application/pdf", "file-media-type"),
        (PDF_A, "image/jpeg", "file-media-type"),
        (b"", "application/pdf", "file-empty"),
    ],
)
@pytest.mark.parametrize("place", [with_file, as_body])
def test_a_file_is_what_it_is_said_to_be(place: Callable[..., str], data: bytes, media_type: str, rule: str):
    assert [remark.rule for remark in found(place(data, media_type))] == [rule]


def test_a_body_that_is_pdf_a_has_nothing():
    assert found(as_body(PDF_A)) == []


def test_what_is_in_a_stream_is_no_dictionary():
    assert b"/JavaScript" in PDF_A
    assert found(with_file(PDF_A)) == []


@pytest.mark.parametrize(
    ("number", "is_right"),
    [("279035121518989", True), ("2790351215189 89".replace(" ", ""), True), ("255062A00400138", False)],
)
def test_the_key_of_a_nir(number: str, is_right: bool):
    assert key_is_right(number) is is_right


def test_the_key_of_a_nir_of_corsica():
    assert key_is_right("2550620004001" + f"{97 - 2550620004001 % 97:02d}")
    for department, digits in (("2A", "19"), ("2B", "18")):
        key = 97 - int(f"25506{digits}004001") % 97
        assert key_is_right(f"25506{department}004001{key:02d}")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "xml"),
        (b"not xml", "xml"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "xml"),
        (b"<ClinicalDocument/>", "root"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml"),
        (b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">\xff</ClinicalDocument>', "xml"),
        (b"<a>" * 250 + b"</a>" * 250, "size"),
        (b" " * (21 * 1024 * 1024), "size"),
    ],
)
def test_what_cannot_be_read_is_one_error(data: bytes, rule: str):
    report = check_document(data)
    assert [(remark.rule, remark.severity) for remark in report.remarks] == [(rule, "error")]
    assert not report.is_valid


def test_no_remark_repeats_an_identity():
    remarks = found(changed("279035121518989", "279035121518988"))
    assert not any("27903512151898" in str(remark) for remark in remarks)


def test_every_rule_is_on_the_page():
    names = {name for room in ROOMS for name in room} | {"xml", "size", "root"}
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)) == names


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_own_samples_have_no_error_but_those_they_show(path: Path):
    errors = {remark.rule for remark in check_document(path.read_bytes()).remarks if remark.severity == "error"}
    assert errors <= {"file-pdf-a", "ins-key", "file-media-type", "file-base64"}


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_the_samples_of_the_ans_are_judged(path: Path):
    rules = {remark.rule for remark in check_document(path.read_bytes()).remarks if remark.severity == "error"}
    known = {"DOC_NON_STRUCTURE_CDA-R2-N1": {"file-pdf-a"}, "TDDUI_1.0.1": {"ins-key"}}
    known |= {name: {"reference-dangling"} for name in ("IPS-FR_2024.01_DLU", "VSM_1.4_2022.01")}
    assert rules == known.get(path.stem, set())


def test_the_rules_are_quick():
    root = parse_document(everything())
    with at_most(1):  # a bound for any machine; docs/performance.md has the figures
        for _ in range(20):
            check_tree(root)
