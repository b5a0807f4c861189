"""The scenarios as files: beside the code they prove, speaking HTTP only."""

import ast

import pytest

from tests.house.files import ROOT, name, python_files
from usager_server.plugins import scenarios, survey

MODULES = [path for path in python_files("server", "plugins") if path.name == "conformity.py"]
CONFORMITY = "usager_server.conformity"
MAY_KNOW = ("usager_server", *(f"{CONFORMITY}.{it}" for it in ("run", "scenario", "people", "identities", "browser")))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_scenario_knows_nothing_of_the_code_it_proves(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert [it for it in modules if it.startswith("usager") and it not in MAY_KNOW] == []


def test_every_module_of_scenarios_is_registered():
    known = {it.function.__module__ for it in scenarios(survey())}
    written = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES}
    assert {it for it in written if not any(it.endswith(each) for each in known)} == set()


@pytest.mark.parametrize("it", scenarios(survey()), ids=lambda it: it.name)
def test_a_scenario_says_what_it_shows(it):
    assert it.purpose.endswith(".")
    assert it.title[0].isupper()
    assert not it.title.endswith(".")
