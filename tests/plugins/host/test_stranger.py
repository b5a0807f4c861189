"""A plugin from another distribution: built, installed in a folder of its own, found by its entry point, and run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.files import ROOT, name, tracked

EXAMPLE = ROOT / "tests" / "example"
PAGE = ROOT / "docs" / "plugins.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the wheel of the example is installed; nothing is fetched."""
    folder = tmp_path_factory.mktemp("stranger")
    source = shutil.copytree(EXAMPLE, folder / "usager-pesee", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    wheel = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "dist", source]
    subprocess.run([*pip, *wheel], check=True)
    (built,) = (folder / "dist").glob("usager_pesee-1.0.0-*.whl")
    subprocess.run([*pip, "install", "--no-index", "--no-deps", "--target", folder / "site", built], check=True)
    return folder / "site"


def run(site: Path, *command: str, profiles: str = "") -> subprocess.CompletedProcess[str]:
    """Run a module's command where the stranger's plugin is installed too."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("USAGER_", "PYTEST_"))}
    environment = {**mine, "PYTHONPATH": str(site), "USAGER_PROFILES": profiles, "USAGER_PORT": "0"}
    line = [sys.executable, "-m", *command]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, cwd=site.parent)


def test_it_is_listed_and_off(site):
    listed = run(site, "usager_server", "profiles").stdout
    assert re.search(r"^off  pesee +Suivi du poids\n +Patient/\$weight-change ", listed, re.MULTILINE)


def test_it_is_on_when_asked_for(site):
    assert re.search(r"^on   pesee ", run(site, "usager_server", "profiles", profiles="pesee,pa").stdout, re.MULTILINE)
    assert "/fhir/Patient/{id}/$weight-change" in run(site, "usager_server", "openapi", profiles="pesee").stdout


def test_its_requirements_stand_beside_the_others(site):
    told = run(site, "usager_server", "requirements", "--profile", "pesee", "--format", "csv").stdout
    assert "\nPESEE.01,todo,Dire combien la personne a pris ou perdu,,,pesee," in told


def test_its_own_tests_pass(site):
    done = run(site, "pytest", "-q", "-p", "no:cacheprovider", str(site.parent / "usager-pesee" / "tests"))
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_broken_it_stops_the_server_in_one_line(site):
    plugin = site / "usager_pesee" / "plugin.py"
    whole = plugin.read_text()
    try:
        plugin.write_text(whole.replace("from usager_pesee import weight_change", "from usager_pesee import weight"))
        done = run(site, "usager_server", "serve", profiles="pesee")
    finally:
        plugin.write_text(whole)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("usager: ")]
    assert line.startswith(
        "usager: the plugin usager_pesee.plugin (usager-pesee 1.0.0) of profile pesee does not load: "
    )
    assert "ImportError: cannot import name 'weight'" in line


@pytest.mark.parametrize("file", [name(path) for path in tracked() if path.is_relative_to(EXAMPLE)])
def test_the_page_shows_the_files_of_the_example(file):
    assert (ROOT / file).read_text(encoding="utf-8").strip() in PAGE.read_text(encoding="utf-8")
