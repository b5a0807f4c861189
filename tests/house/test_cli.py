"""The command `usager`: what it prints, and its exit codes."""

import socket

import pytest
from typer.testing import CliRunner

from usager_server import __version__
from usager_server.cli import app

runner = CliRunner()


def test_the_version_is_printed():
    assert runner.invoke(app, ["--version"]).stdout.strip() == __version__


def test_without_a_command_it_says_what_there_is():
    told = runner.invoke(app, []).output
    assert "serve" in told
    assert "Exit codes" in told


def test_the_profiles_that_are_on_are_marked(monkeypatch):
    monkeypatch.setenv("USAGER_PROFILES", "pa,dom-soins")
    lines = runner.invoke(app, ["profiles"]).stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("on")] == ["general", "dom-soins", "pa"]


def test_definitions_that_are_many_share_a_line_a_type():
    lines = runner.invoke(app, ["profiles"]).stdout.splitlines()
    general = lines[1 : next(place for place, line in enumerate(lines[1:], 1) if line[:1] != " ")]
    assert sum("ValueSet" in line for line in general) == 1
    assert any("StructureDefinition/places-closed " in line for line in lines)


@pytest.mark.parametrize("command", ["serve", "migrate", "profiles", "openapi", "requirements"])
def test_a_wrong_setting_ends_every_command_with_2(monkeypatch, command):
    monkeypatch.setenv("USAGER_PORT", "http")
    done = runner.invoke(app, [command])
    assert done.exit_code == 2
    assert done.stderr.startswith("usager: USAGER_PORT=http")


def test_an_unknown_profile_ends_serve_with_2(monkeypatch, tmp_path):
    monkeypatch.setenv("USAGER_PROFILES", "papa")
    monkeypatch.setenv("USAGER_DATA_DIR", str(tmp_path))
    done = runner.invoke(app, ["serve"])
    assert done.exit_code == 2
    assert "papa is not an installed profile" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_ends_serve_with_2(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("USAGER_PORT", str(other.getsockname()[1]))
        monkeypatch.setenv("USAGER_DATA_DIR", str(tmp_path))
        done = runner.invoke(app, ["serve"])
    assert done.exit_code == 2
    assert "is taken by another program" in done.stderr


def test_a_database_that_does_not_answer_ends_serve_with_3(monkeypatch, tmp_path):
    monkeypatch.setenv("USAGER_PORT", "0")
    monkeypatch.setenv("USAGER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("USAGER_DATABASE_URL", f"postgresql://usager_app@/usager?host={tmp_path}")
    done = runner.invoke(app, ["serve"])
    assert done.exit_code == 3
    assert "does not answer" in done.stderr


def test_the_openapi_document_is_printed():
    assert '"openapi": "3.1.0"' in runner.invoke(app, ["openapi"]).stdout


def test_the_requirements_are_counted():
    assert "241 requirements in the ledgers" in runner.invoke(app, ["requirements"]).stderr


def test_the_requirements_of_a_profile_that_stand_somewhere_are_listed():
    done = runner.invoke(app, ["requirements", "--profile", "ahi,pa", "--status", "todo", "--format", "csv"])
    assert "\nMS.AHI/SISIAO.01,todo," in done.stdout
    assert "MS.CDM/VT.01" not in done.stdout


def test_the_requirements_of_an_unknown_profile_end_with_2():
    done = runner.invoke(app, ["requirements", "--profile", "papa"])
    assert done.exit_code == 2
    assert "--profile papa is not installed; installed: ahi," in done.stderr


def test_a_profile_is_listed_with_what_it_adds():
    lines = runner.invoke(app, ["profiles"]).stdout
    assert "QuestionnaireResponse/$aggir" in lines
    assert "Task?decision" in lines


def test_tenants_are_added_and_listed(monkeypatch, database):
    monkeypatch.setenv("USAGER_DATABASE_URL", database.url)
    monkeypatch.setenv("USAGER_DATABASE_OWNER_URL", database.superuser_url)
    added = runner.invoke(app, ["tenants", "add", "Les Tilleuls", "--number", "7"])
    assert (added.exit_code, added.stdout) == (0, "7  Les Tilleuls\n")
    assert runner.invoke(app, ["tenants", "list"]).stdout.splitlines() == ["1  default", "2  other", "7  Les Tilleuls"]


@pytest.mark.parametrize(
    ("words", "code"), [(["again", "--number", "1"], 1), ([" "], 2), (["a\nb"], 2), (["a", "--number", "0"], 2)]
)
def test_a_tenant_that_cannot_be_added_is_told(monkeypatch, database, words, code):
    monkeypatch.setenv("USAGER_DATABASE_URL", database.url)
    monkeypatch.setenv("USAGER_DATABASE_OWNER_URL", database.superuser_url)
    assert runner.invoke(app, ["tenants", "add", *words]).exit_code == code
