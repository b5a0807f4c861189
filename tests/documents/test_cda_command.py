"""`usager cda render`, `to-fhir`, `from-fhir`: files and folders in, files out; what cannot be done stops nothing."""

import json

import pytest
from typer.testing import CliRunner

from tests.cda.documents import EXAMPLES
from tests.cda.render.documents import PDF, section, structured, with_file
from usager_cda.render import carried_file
from usager_server.cli import app


def rendered(*arguments):
    return CliRunner().invoke(app, ["cda", "render", *map(str, arguments)])


def test_a_file_becomes_a_page(tmp_path):
    done = rendered(EXAMPLES / "lettre-de-liaison.xml", "--out", tmp_path)
    assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (0, ["lettre-de-liaison.html"])
    assert "<h1>Lettre de liaison de sortie</h1>" in (tmp_path / "lettre-de-liaison.html").read_text("utf-8")


def test_the_files_of_a_folder_keep_their_place(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "document.xml").write_bytes(with_file("application/pdf", PDF))
    done = rendered(tmp_path / "in", "--out", tmp_path / "out", "--format", "pdf")
    assert done.exit_code == 0
    assert [(tmp_path / "out" / name / "document.pdf").read_bytes() for name in ("a", "b")] == [PDF, PDF]


def test_what_cannot_be_shown_is_said_and_the_others_are_shown(tmp_path):
    (tmp_path / "a.xml").write_bytes(b"<!DOCTYPE a><a/>")
    (tmp_path / "b.xml").write_bytes(structured(section("Suite", "dit")))
    done = rendered(tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "a.xml: A DOCTYPE is not allowed" in done.stderr
    assert "1 shown" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.html"]


@pytest.mark.parametrize("named", ["no-one.xml", "."])
def test_nothing_to_show_ends_with_2(tmp_path, named):
    assert rendered(tmp_path / named, "--out", tmp_path / "out").exit_code == 2


def called(*arguments):
    return CliRunner().invoke(app, ["cda", *map(str, arguments)])


def test_a_document_becomes_a_transaction(tmp_path):
    done = called("to-fhir", EXAMPLES / "synthese-medicale.xml", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    bundle = json.loads((tmp_path / "synthese-medicale.json").read_text("utf-8"))
    assert (bundle["type"], "1 read" in done.stderr) == ("transaction", True)


def test_a_bundle_becomes_a_document_with_its_pdf_beside_it(tmp_path):
    done = called("from-fhir", EXAMPLES / "synthese-medicale.json", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    file = carried_file((tmp_path / "synthese-medicale.xml").read_bytes())
    assert file is not None
    assert file.content == (tmp_path / "synthese-medicale.pdf").read_bytes()


def test_without_pdf_nothing_is_printed(tmp_path):
    done = called("from-fhir", EXAMPLES / "fiche-de-transfert.json", "--no-pdf", "--out", tmp_path)
    assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (0, ["fiche-de-transfert.xml"])
    assert "information: The class IMP" in done.stderr


def test_what_is_read_is_written_again(tmp_path):
    called("to-fhir", EXAMPLES / "lettre-de-liaison.xml", "--out", tmp_path)
    done = called("from-fhir", tmp_path, "--out", tmp_path / "again")
    assert done.exit_code == 0, done.output
    assert carried_file((tmp_path / "again" / "lettre-de-liaison.xml").read_bytes()) == carried_file(
        (EXAMPLES / "lettre-de-liaison.xml").read_bytes()
    )


def test_what_cannot_be_written_is_said_and_the_others_are_written(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"resourceType": "Bundle", "type": "collection", "entry": {}}')
    (tmp_path / "c.json").write_text((EXAMPLES / "vsm.json").read_text("utf-8"))
    (tmp_path / "d.json").write_text((EXAMPLES / "trod.json").read_text("utf-8"))
    done = called("from-fhir", tmp_path, "--no-pdf", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["d.xml"]
    assert "1 written" in done.stderr
    assert "3 refused" in done.stderr
    assert called("from-fhir", tmp_path / "c.json", "--no-pdf", "--vsm", "--out", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize("command", ["to-fhir", "from-fhir"])
def test_nothing_to_convert_ends_with_2(tmp_path, command):
    assert called(command, tmp_path / "nothing", "--out", tmp_path / "out").exit_code == 2
