"""The rooms and their files."""

import ast
import re

import pytest

from tests.house.files import ROOT, name, python_files, tracked

LONG = 500
PLUGINS = ("pa", "ph", "dom", "pde", "pds", "ahi")


def test_a_long_file_says_why_in_its_first_line():
    long = [path for path in python_files() if len(path.read_text(encoding="utf-8").splitlines()) > LONG]
    unexplained = [
        name(path) for path in long if "long" not in path.read_text(encoding="utf-8").splitlines()[0].lower()
    ]
    assert unexplained == []


def test_every_test_folder_is_a_package():
    folders = {path.parent for path in python_files("tests")}
    assert [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_module_says_which_room_it_is():
    modules = python_files("server", "cda", "plugins")
    silent = [path for path in modules if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [name(path) for path in silent] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_folders_are_alike(plugin):
    folder = ROOT / "plugins" / plugin
    always = [
        "README.md",
        f"usager_{plugin}/__init__.py",
        f"usager_{plugin}/plugin.py",
        f"usager_{plugin}/requirements.toml",
    ]
    assert [file for file in always if not (folder / file).is_file()] == []
    assert (ROOT / "tests" / "plugins" / plugin).is_dir()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugins_know_only_the_public_names(plugin):
    imports = [
        node.module
        for path in python_files(f"plugins/{plugin}")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("usager_server")
    ]
    assert set(imports) <= {"usager_server", "usager_server.testing"}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_modules_only_wire(plugin):
    tree = ast.parse((ROOT / "plugins" / plugin / f"usager_{plugin}" / "plugin.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions
    assert [it.name for it in functions if not any(getattr(d, "id", "") == "hookimpl" for d in it.decorator_list)] == []


def test_no_file_names_a_registry_or_a_path_of_a_machine():
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js", "deb.de" + "bian", "security.de" + "bian"]
    words = re.compile("|".join([*map(re.escape, hosts), r"/wo" + r"rk/(?:main|shared)", r"/ro" + r"ot/\."]))
    found = [name(path) for path in tracked() if words.search(path.read_bytes().decode("utf-8", "replace"))]
    assert found == []


def test_constraints_are_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+", line)] == []
