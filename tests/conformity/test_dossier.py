"""The dossier: whole or not there, readable without network, and true to what happened."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import html

from tests.conformity.showcase import behaves, fails, hangs, is_not_run, passes, report_of
from usager_server.conformity.dossier import aside, write_dossier
from usager_server.conformity.errors import ConformityError
from usager_server.conformity.fhir_report import fhir_report
from usager_server.conformity.report import Report
from usager_server.definitions import Definitions
from usager_server.requirements.ledger import ledger
from usager_server.validation.validator import HouseValidator


@pytest.fixture(scope="module")
def report(odd) -> Report:
    """A report in which everything happens."""
    return report_of(odd, fails, passes, is_not_run, hangs, behaves)


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory) -> Path:
    """Its dossier."""
    folder = tmp_path_factory.mktemp("dossier")
    write_dossier(report, folder)
    return folder


def page(path: Path) -> str:
    """Return the text of a page, its blanks made one."""
    return re.sub(r"\s+", " ", html.fromstring(path.read_text(encoding="utf-8")).text_content())


def row(folder: Path, identifier: str) -> str:
    """Return the text of the line of a requirement."""
    tree = html.fromstring((folder / "index.html").read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", tree.get_element_by_id(identifier).text_content())


@pytest.mark.parametrize(
    ("identifier", "state"),
    [
        ("SC.STATPP.01", "réussi"),
        ("SC.CDA/INT.18", "échoué"),
        ("SC.INS.01", "échoué"),
        ("SC.INS.02", "non exécuté"),
        ("SC.INS.03", "pas encore couvert"),
        ("MS.AHI/SISIAO.01", "non applicable"),
        ("SC.SSI/GEN.20", "organisationnel"),
    ],
)
def test_each_requirement_bears_its_state(folder, identifier, state):
    assert state in row(folder, identifier)


def test_every_requirement_in_force_has_a_line(folder, report):
    tree = html.fromstring((folder / "index.html").read_text(encoding="utf-8"))
    assert len(tree.xpath("//tr[@id]")) == len(report.proofs) == 241


def test_the_index_says_what_was_proven_when_and_how(folder):
    told = page(folder / "index.html")
    assert "Usager 0.1.0" in told
    assert "26 novembre 2026 à 11 h 05" in told
    assert "1 exigence démontrée sur" in told
    assert "2 scénarios réussis sur 5, 2 en échec, 1 non exécuté" in told
    assert "usager conformity --profiles pa --out dossier" in told


def test_what_passes_and_is_not_said_to_be_met_is_partial(odd, tmp_path):
    unmet = next(it.id for it in ledger("usager_server.general") if it.status == "todo")
    write_dossier(report_of(odd, replace(passes, ids=(unmet,))), tmp_path)
    assert "partiel" in row(tmp_path, unmet)


def test_a_page_tells_each_step_exchange_check_and_reason(folder):
    told = page(folder / "scenarios/tests-conformity-showcase-fails.html")
    assert "Étape 2. Le verser de nouveau" in told
    assert "✗ Un seul document est rangé : non vérifié" in told
    assert "422 Patient.birthDate: not a date" in told
    assert "Contenu abrégé : le contenu entier (12,6 ko)" in told
    assert "lettre.xml" in told


def test_every_link_leads_to_a_file_that_is_there(folder):
    for path in folder.rglob("*.html"):
        tree = html.fromstring(path.read_text(encoding="utf-8"))
        for link in tree.xpath("//@href | //@src"):
            target, _, anchor = unquote(link).partition("#")
            assert not target or (path.parent / target).is_file(), link
            assert not anchor or target or tree.get_element_by_id(anchor) is not None


def test_no_page_asks_the_network_nor_runs_a_script(folder):
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "default-src 'none'" in text
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


def test_no_secret_is_in_any_file(folder, odd):
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert odd.token.encode() not in content
            assert b"very-secret" not in content


def test_the_sums_are_those_of_every_file(folder):
    lines = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    assert set(lines) == files
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == found for name, found in lines.items())


def test_the_report_for_machines_says_the_same(folder):
    told = json.loads((folder / "report.json").read_bytes())
    states = {it["id"]: it["state"] for it in told["requirements"]}
    assert (states["SC.STATPP.01"], states["SC.INS.02"]) == ("passed", "not-run")
    assert told["behaviours"] == [
        {"id": "P-GEN-01", "state": "passed", "scenarios": ["tests-conformity-showcase-behaves"]}
    ]
    assert told["passed"] is False
    assert told["software"] == {"name": "Usager", "version": "0.1.0"}


def test_every_test_report_is_valid_fhir(report, definitions: Definitions):
    validator = HouseValidator(definitions)
    for record in report.records:
        resource = fhir_report(record, report.software, report.base_url)
        issues = [*validator.structure(resource), *validator.profiles(resource)]
        assert [it for it in issues if it.severity in ("fatal", "error")] == []
    results = [fhir_report(record, report.software, report.base_url)["result"] for record in report.records]
    assert results == ["fail", "pass", "pending", "fail", "pass"]


def test_a_dossier_takes_its_name_at_the_end(tmp_path):
    out = tmp_path / "made" / "dossier"
    with aside(out) as partial:
        (partial / "index.html").write_text("")
        assert not out.exists()
    assert [it.name for it in out.parent.iterdir()] == ["dossier"]


def test_an_empty_folder_may_be_there_already(tmp_path):
    with aside(tmp_path / "dossier") as partial:
        (tmp_path / "dossier").mkdir()
        (partial / "index.html").write_text("")
    assert (tmp_path / "dossier" / "index.html").exists()


def test_nothing_stays_of_one_that_is_not_finished(tmp_path):
    with pytest.raises(KeyboardInterrupt), aside(tmp_path / "dossier") as partial:
        (partial / "index.html").write_text("")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_and_a_file_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConformityError, match=r"is not empty: name another folder, or empty this one"), aside(tmp_path):
        pass
    with pytest.raises(ConformityError, match=r"is a file: name a folder"), aside(tmp_path / "file"):
        pass


@pytest.mark.parametrize("out", ["/proc/dossier", "/dev/null/dossier"])
def test_a_folder_that_cannot_be_made_is_refused(out):
    with pytest.raises(ConformityError, match=f"--out {out} cannot be written: "), aside(Path(out)):
        pass
