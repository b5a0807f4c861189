"""`usager cda render`: files and folders in, pages and PDFs out; what cannot be shown is said and stops nothing."""

import pytest
from typer.testing import CliRunner

from tests.cda.documents import EXAMPLES
from tests.cda.render.documents import PDF, section, structured, with_file
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
