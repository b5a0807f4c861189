"""The worker that applies a rules pack: what it finds, what it refuses, what becomes of it when it takes too long."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cda.validation.packs import DOCUMENT, HEADER, SCHEMA, TERMINOLOGIES, make_pack, schematron
from usager_cda.safety import parse_document
from usager_cda.validation.engine import RulesEngine
from usager_cda.validation.pack import Pack, PackError

XSLT = 'xmlns:x="http://www.w3.org/1999/XSL/Transform"'

Make = Callable[..., RulesEngine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A way to start an engine on the files of a pack."""
    engines = []

    def start(files: dict[str, str], seconds: float = 60) -> RulesEngine:
        folder = make_pack(tmp_path / "pack", files)
        engines.append(RulesEngine(folder, tmp_path / "cache", seconds=seconds))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()


def test_a_schematron_is_applied_and_its_finding_placed(make: Make):
    report = make({HEADER: schematron("title")}).validate(DOCUMENT)
    found = next(remark for remark in report.remarks if remark.layer == "structuration-minimale")
    assert (found.rule, found.severity, found.message) == ("Titre", "error", "is here")
    assert (found.line, found.xpath) == (3, "/ClinicalDocument/title")
    assert list(report.applied) == ["usager", "xsd", "structuration-minimale"]


@pytest.mark.parametrize(("role", "severity"), [("warning", "warning"), ("info", "information"), ("", "error")])
def test_a_role_is_a_severity(make: Make, role: str, severity: str):
    report = make({HEADER: schematron("title", role=role)}).validate(DOCUMENT)
    assert [remark.severity for remark in report.remarks if remark.layer != "usager"] == [severity]


def test_one_worker_serves_many_documents(make: Make):
    engine = make({HEADER: schematron("title")})
    engine.validate(DOCUMENT)
    first = engine.worker
    assert engine.validate(DOCUMENT).applied["structuration-minimale"] < 1000
    assert engine.worker is first


def test_the_schema_is_applied(make: Make):
    strict = SCHEMA.replace('processContents="skip"', 'processContents="strict"')
    report = make({"infrastructure/cda/CDA.xsd": strict}).validate(DOCUMENT)
    found = [remark for remark in report.remarks if remark.layer == "xsd"]
    assert found
    assert (found[0].line, found[0].severity) == (2, "error")


def test_a_schema_from_outside_the_folder_is_not_read(make: Make):
    inside = '<xs:include schemaLocation="../../../other.xsd"/>'
    text = SCHEMA.replace('v3">', f'v3">{inside}', 1)
    report = make({"infrastructure/cda/CDA.xsd": text}).validate(DOCUMENT)
    assert "not in the folder" in report.left_out["xsd"]


@pytest.mark.parametrize(
    "extra",
    [
        f'<x:variable name="a" select="unparsed-text(\'file:///etc/passwd\')" {XSLT}/>',
        f'<x:template name="b" {XSLT}><x:result-document href="x"/></x:template>',
    ],
)
def test_rules_that_read_or_write_beside_the_pack_are_not_applied(make: Make, extra: str):
    report = make({HEADER: schematron("title", extra=extra)}).validate(DOCUMENT)
    assert "not allowed" in report.left_out["structuration-minimale"]


def test_a_schematron_that_does_not_compile_is_left_out_and_the_others_are_applied(make: Make):
    broken = f"<x:nothing {XSLT}/>"
    files = {HEADER: schematron("title", extra=broken), "schematrons/profils/IHE.sch": schematron("title")}
    report = make(files).validate(DOCUMENT)
    assert "structuration-minimale" in report.left_out
    assert "ihe" in report.applied


def test_a_code_system_that_is_a_path_does_not_reach_the_terminologies(make: Make):
    document = DOCUMENT.replace(b"<title>", b'<code code="x" codeSystem="../../../etc/x"/><title>')
    report = make({TERMINOLOGIES: schematron("title")}).validate(document)
    assert "no OID" in report.left_out["terminologies"]


def test_rules_that_take_too_long_are_stopped(make: Make, monkeypatch: pytest.MonkeyPatch):
    forever = (
        f'<x:template match="/" priority="9" {XSLT}><x:if test="//*[local-name() = \'slow\']">'
        '<x:for-each select="1 to 2000000000"><x:value-of select="sum(1 to .)"/></x:for-each>'
        "</x:if><x:next-match/></x:template>"
    )
    monkeypatch.setattr("usager_cda.validation.engine.FIRST_SECONDS", 20.0)
    engine = make({HEADER: schematron("title", extra=forever)}, seconds=3)
    assert "structuration-minimale" in engine.validate(DOCUMENT).applied
    slow = engine.validate(DOCUMENT.replace(b"<title>", b"<slow/><title>"))
    assert "too long" in slow.left_out["rules"]
    assert "structuration-minimale" in engine.validate(DOCUMENT).applied


def test_a_document_that_cannot_be_read_starts_nothing(make: Make):
    engine = make({HEADER: schematron("title")})
    report = engine.validate(b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>")
    assert [remark.rule for remark in report.remarks] == ["xml"]
    assert engine.worker is None


def test_a_folder_without_rules_is_said(tmp_path: Path):
    engine = RulesEngine(tmp_path, tmp_path / "cache")
    with pytest.raises(PackError, match="no rules pack"):
        engine.validate(DOCUMENT)
    engine.close()


def test_nothing_is_written_into_the_pack(make: Make, tmp_path: Path):
    engine = make({HEADER: schematron("title")})
    before = sorted((tmp_path / "pack").rglob("*"))
    engine.validate(DOCUMENT)
    assert sorted((tmp_path / "pack").rglob("*")) == before


def models(tmp_path: Path, *names: str) -> Pack:
    """Return a pack with models of the vaccination note."""
    text = schematron("title", say="1.2.250.1.213.1.1.1.46 @code='87273-9'")
    return Pack(
        make_pack(tmp_path / "pack", {f"schematrons/CI-SIS_{name}.sch": text for name in names}), tmp_path / "c"
    )


def test_the_model_of_a_document_is_that_of_its_version_else_the_newest(tmp_path: Path):
    pack = models(tmp_path, "VAC-NOTE_2021.01", "VAC-NOTE_2023.01", "VAC-NOTE_2025.01")
    named = pack.model_of(parse_document(DOCUMENT))
    other = pack.model_of(parse_document(DOCUMENT.replace(b'extension="2023.01"', b"")))
    assert (named and named.name, other and other.name) == ("VAC-NOTE_2023.01", "VAC-NOTE_2025.01")


def test_an_n1_has_no_model(tmp_path: Path):
    document = DOCUMENT.replace(b"<title>", b"<component><nonXMLBody/></component><title>")
    assert models(tmp_path, "VAC-NOTE_2023.01").model_of(parse_document(document)) is None


def test_names_in_another_letter_case_are_found(tmp_path: Path):
    text = '<schema><include href="abstract/Values.sch"/></schema>'
    files = {"schematrons/CI-SIS_X_1.sch": text, "schematrons/abstract/values.sch": schematron("x")}
    pack = Pack(make_pack(tmp_path / "pack", files), tmp_path / "cache")
    assert (pack.root / "schematrons/abstract/Values.sch").exists()


def test_a_missing_value_set_is_made_from_the_list_of_its_oid(tmp_path: Path):
    svs = (
        '<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="1.2.3"><ConceptList>'
        '<Concept code="a" codeSystem="1.2" displayName="A"/></ConceptList></ValueSet></RetrieveValueSetResponse>'
    )
    files = {HEADER: "<schema>doc('include/voc-1.2.3-DYNAMIC.xml')</schema>", "jeuxDeValeurs/JDV_A.xml": svs}
    pack = Pack(make_pack(tmp_path / "pack", files), tmp_path / "cache")
    made = (pack.root / HEADER).parent / "include" / "voc-1.2.3-DYNAMIC.xml"
    assert 'code="a"' in made.read_text("utf-8")


def test_the_server_starts_without_saxon():
    code = "import sys, usager_server.app; sys.exit('saxonche' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode == 0


RULES = os.environ.get("USAGER_TEST_CDA_RULES")


@pytest.mark.skipif(RULES is None, reason="USAGER_TEST_CDA_RULES names no rules pack")
def test_the_examples_of_a_national_pack_are_clean_in_all_layers(tmp_path: Path):
    folder = Path(str(RULES))
    engine = RulesEngine(folder, Path(os.environ.get("USAGER_TEST_CDA_CACHE", tmp_path)))
    examples = sorted(folder.glob("ExemplesCDA/V*.xml"))
    assert examples
    for path in examples:
        report = engine.validate(path.read_bytes())
        assert report.left_out == {}
        assert [remark for remark in report.remarks if remark.severity == "error" and remark.layer != "usager"] == []
    engine.close()
