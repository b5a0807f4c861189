"""`make sbom`: the inventory holds what runs, is valid CycloneDX, and is that of the pinned versions."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.house.files import ROOT
from usager_server import __version__


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    """The script."""
    spec = spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def written(sbom: ModuleType) -> str:
    """The inventory of Usager."""
    return str(sbom.text(sbom.inventory(["usager"])))


def test_it_is_valid_cyclonedx(written):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None


def test_it_holds_what_runs_and_not_what_tests(written):
    document = json.loads(written)
    names = {it["name"] for it in document["components"]}
    assert {"fastapi", "asyncpg", "sqlalchemy", "h11"} <= names
    assert names.isdisjoint({"pytest", "ruff", "cyclonedx-python-lib"})
    assert document["metadata"]["component"]["version"] == __version__


def test_every_component_is_pinned_has_a_licence_and_a_place_in_the_graph(sbom, written):
    document = json.loads(written)
    pins = sbom.pinned()
    assert [it["name"] for it in document["components"] if pins.get(it["name"]) != it["version"]] == []
    assert [it["name"] for it in document["components"] if not it.get("licenses")] == []
    used = {name for it in document["dependencies"] for name in it.get("dependsOn", ())}
    assert {it["bom-ref"] for it in document["components"]} == used


def test_the_same_installation_gives_the_same_file(sbom, written):
    assert sbom.text(sbom.inventory(["usager"])) == written


def test_a_version_that_is_not_the_pinned_one_is_told(sbom):
    told = list(sbom.unpinned(sbom.inventory(["usager"]), {"fastapi": "0.1"}))
    assert len(told) == 1
    assert "constraints.txt pins 0.1" in told[0]


def test_what_is_not_installed_is_named(sbom):
    with pytest.raises(sbom.InventoryError, match="no-such-plugin is not installed here"):
        sbom.inventory(["usager", "no-such-plugin"])
