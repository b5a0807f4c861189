"""`usager conformity`: its exit codes, its one-line refusals, and that nothing half-written stays."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.conformity.showcase import fails, passes
from usager_server.cli import app
from usager_server.conformity.target import Target
from usager_server.logs import set_up_logs

USAGER = str(Path(sys.executable).with_name("usager"))


def run(*arguments: str) -> Result:
    """Return what the command said and how it ended."""
    set_up_logs("warning")  # a test before this one may have had `serve` write every request to standard output
    return CliRunner().invoke(app, ["conformity", *arguments])


@pytest.fixture
def token_file(target: Target, tmp_path: Path) -> str:
    """The file of the token of the server."""
    path = tmp_path / "token"
    path.write_text(f"{target.token}\n")
    return str(path)


def test_all_that_passes_ends_with_0_and_leaves_a_dossier(target, token_file, tmp_path):
    out = tmp_path / "dossier"
    options = ("--base-url", f"{target.base_url}/", "--token-file", token_file, "--profiles", "pa")
    done = run(*options, "--only", "P-GEN-01,SC.CDA/INT.18", "--only", "SC.CDA/INT.04", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert done.stdout == f"3 of 3 scenarios passed; the dossier: {out}/index.html\n"
    told = json.loads((out / "report.json").read_text())
    assert [it["id"] for it in told["requirements"]] == ["SC.CDA/INT.04", "SC.CDA/INT.18"]
    assert told["command"].startswith(f"usager conformity --base-url {target.base_url}")
    assert all(target.token.encode() not in path.read_bytes() for path in out.rglob("*") if path.is_file())


def test_a_scenario_may_run_again_against_the_same_server(target, token_file, tmp_path):
    options = ("--base-url", target.base_url, "--token-file", token_file, "--only", "SC.CDA/INT.18,SC.CDA/INT.04")
    for name in ("one", "two"):
        assert run(*options, "--out", str(tmp_path / name)).exit_code == 0


def test_one_that_fails_ends_with_1_and_the_dossier_is_there(odd, target, token_file, tmp_path, monkeypatch):
    monkeypatch.setattr("usager_server.plugins.scenarios", lambda plugins: [passes, fails])
    out = tmp_path / "dossier"
    done = run("--base-url", target.base_url, "--token-file", token_file, "--profiles", "pa", "--out", str(out))
    assert done.exit_code == 1
    assert done.stdout.startswith("0 of 2 scenarios passed")
    assert "✗ Un document reçu deux fois" in done.stderr
    assert (out / "index.html").exists()


def test_one_that_wants_the_sandbox_is_not_run_without_it_and_ends_with_1(target, token_file, tmp_path):
    options = ("--base-url", target.base_url, "--token-file", token_file, "--only", "SC.STATPP.01")
    done = run(*options, "--out", str(tmp_path / "dossier"))
    assert done.exit_code == 1
    assert "Il faut le bac à sable (national-status)" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--profiles", "papa"), "papa is not an installed profile; did you mean pa?"),
        (("--only", "SC.STATPP.1"), "--only SC.STATPP.1 is not a requirement; did you mean SC.STATPP.01?"),
        (("--base-url", "127.0.0.1:9"), "--base-url: give an address like http://127.0.0.1:8080/fhir"),
        (("--base-url", "http://me:secret@127.0.0.1:9"), "without a password"),
        (("--base-url", "http://127.0.0.1:9/fhir"), "nobody answers at http://127.0.0.1:9/fhir/metadata"),
        (
            ("--base-url", "http://127.0.0.1:9", "--token", "a", "--token-file", "b"),
            "--token or --token-file, not both",
        ),
        (("--base-url", "http://127.0.0.1:9", "--token-file", "/nowhere"), "--token-file /nowhere cannot be read"),
        (("--token", "a"), "go with --base-url; without it a server is started"),
    ],
)
def test_wrong_use_ends_with_2_a_line_and_nothing_else(tmp_path, options, told):
    done = run(*options, "--out", str(tmp_path / "dossier"))
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stderr.startswith("usager: ")
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_ends_with_2_before_anything_runs(tmp_path):
    (tmp_path / "mine").write_text("x")
    done = run("--base-url", "http://127.0.0.1:9/fhir", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "is not empty: name another folder, or empty this one" in done.stderr
    assert [it.name for it in tmp_path.iterdir()] == ["mine"]


def test_without_a_base_url_a_server_is_started_for_the_time_of_it(tmp_path):
    out = tmp_path / "dossier"
    command = [USAGER, "conformity", "--profiles", "pa", "--only", "P-GEN-01", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "✓ Le numéro de version du logiciel est visible" in done.stderr
    assert "••• masqué •••" in (out / "scenarios/http-the-version-is-visible.html").read_text()


def test_one_that_is_stopped_leaves_nothing(target, tmp_path, token_file):
    out = tmp_path / "out" / "dossier"
    command = [USAGER, "conformity", "--base-url", target.base_url, "--token-file", token_file]
    command += ["--sandbox-url", target.sandbox_url, "--only", "SC.STATPP.01", "--out", str(out)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as it:
        assert it.stderr is not None
        assert it.stderr.readline().startswith("✓ Le lien")  # the second scenario runs now
        it.send_signal(signal.SIGTERM)
        assert it.wait(20) != 0
    assert list(out.parent.iterdir()) == []
