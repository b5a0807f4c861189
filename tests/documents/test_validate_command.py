"""`usager cda validate`, on files."""

import json
from pathlib import Path

from typer.testing import CliRunner

from tests.cda.documents import everything
from tests.cda.validation.test_own_rules import SOUND, changed
from usager_server.cli import app


def test_files_and_folders_are_validated(tmp_path: Path):
    (tmp_path / "sound.xml").write_text(SOUND, "utf-8")
    (tmp_path / "other.xml").write_bytes(everything())
    done = CliRunner().invoke(app, ["cda", "validate", "--format", "json", str(tmp_path)])
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(report["file"]).name for report in reports] == ["other.xml", "sound.xml"]
    assert reports[1]["valid"] is True


def test_exit_codes_tell_what_was_found(tmp_path: Path):
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text(SOUND, "utf-8")
    bad.write_text("<a>", "utf-8")
    (tmp_path / "empty").mkdir()
    runner = CliRunner()
    codes = [
        runner.invoke(app, ["cda", "validate", *map(str, arguments)]).exit_code
        for arguments in ([good], [good, bad], [tmp_path / "none.xml"], ["--rules", tmp_path / "empty", good])
    ]
    assert codes == [0, 1, 2, 2]


def test_a_table_tells_rule_line_and_place(tmp_path: Path):
    path = tmp_path / "bad.xml"
    path.write_text(changed("#weight", "#height"), "utf-8")
    done = CliRunner().invoke(app, ["cda", "validate", str(path)])
    assert "reference-dangling" in done.stdout
    assert "1 errors" in done.stdout
