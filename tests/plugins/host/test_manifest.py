"""What is off answers 404 and names the profile it needs; manifests tell the truth about what that is."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest

from tests.whole import FHIR_JSON
from usager_server import hookimpl
from usager_server.manifest import Inactive, ManifestError, read_manifest
from usager_server.plugins import GROUP, PluginError, activate, installed, survey


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes a plugin of one profile, `mine`, with this manifest; the plugin's entry point."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(manifest: str) -> dict[str, EntryPoint]:
        folder = tmp_path / "usager_mine"
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "adds.toml").write_text(manifest)
        (folder / "plugin.py").write_text(
            "from usager_server import Profile, hookimpl\n"
            "@hookimpl\ndef register_profiles(): return [Profile('mine', 'Le mien')]\n"
        )
        return {"mine": EntryPoint("mine", "usager_mine.plugin", GROUP)}

    yield write
    for name in ("usager_mine.plugin", "usager_mine"):
        sys.modules.pop(name, None)


def diagnostics(response: httpx.Response) -> str:
    """Return what the only issue of an OperationOutcome says."""
    assert response.status_code == 404, response.text
    (issue,) = response.json()["issue"]
    assert issue["code"] == "not-supported"
    return str(issue["diagnostics"])


async def test_an_operation_that_is_off_names_its_profile(bare_client: httpx.AsyncClient):
    told = diagnostics(await bare_client.get("/fhir/QuestionnaireResponse/$aggir?coherence=A"))
    assert told.endswith("it comes with the profile pa, which is off (USAGER_PROFILES)")


async def test_an_operation_of_two_variants_names_both(bare_client: httpx.AsyncClient):
    told = diagnostics(await bare_client.post("/fhir/Patient/1/$interventions", json={}, headers=FHIR_JSON))
    assert "the profile dom-sans-soins or dom-soins" in told


@pytest.mark.parametrize("handling", ["strict", "lenient"])
@pytest.mark.parametrize("query", ["decision=123", "decision:not=123", "_sort=-decision"])
async def test_a_search_parameter_that_is_off_is_never_left_out(bare_client: httpx.AsyncClient, query, handling):
    response = await bare_client.get(f"/fhir/Task?status=draft&{query}", headers={"Prefer": f"handling={handling}"})
    assert "the profile ph-avec-decision, which is off" in diagnostics(response)
    assert response.json()["issue"][0]["expression"][0].startswith("Task?")


async def test_a_search_by_post_and_one_in_a_batch_are_told_the_same(bare_client: httpx.AsyncClient):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "the profile pds" in diagnostics(
        await bare_client.post("/fhir/Coverage/_search", content="end=lt2026-12-31", headers=form)
    )
    entry = {"request": {"method": "GET", "url": "Coverage?end=2026"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    answer = (await bare_client.post("/fhir", json=batch, headers=FHIR_JSON)).json()["entry"][0]["response"]
    assert answer["status"].startswith("404")
    assert "the profile pds" in answer["outcome"]["issue"][0]["diagnostics"]


async def test_what_no_profile_brings_names_none(bare_client: httpx.AsyncClient):
    assert "profile" not in diagnostics(await bare_client.get("/fhir/Patient/$no-such"))
    assert (await bare_client.get("/fhir/Task?no-such=1")).status_code == 200


def test_a_manifest_is_read_without_importing_its_plugin(plugin):
    off = Inactive(plugin('mine = ["Patient/$do"]'), active=())
    assert "the profile mine" in str(off.told("Patient/$do"))
    assert "usager_mine" not in sys.modules


def test_what_is_on_is_told_by_nobody(plugin):
    assert Inactive(plugin('mine = ["Patient/$do"]'), active=["mine"]).told("Patient/$do") is None


@pytest.mark.parametrize("manifest", ["mine = [", "mine = 3", "mine = [3]"])
def test_a_broken_manifest_of_a_profile_that_is_off_changes_nothing(plugin, manifest):
    assert Inactive(plugin(manifest), active=()).told("Patient/$do") is None


@pytest.mark.parametrize("manifest", ["mine = [", "mine = 3", "mine = [3]"])
def test_a_broken_manifest_of_a_profile_that_is_on_stops_the_start(plugin, manifest):
    with pytest.raises(PluginError, match=r"the plugin usager_mine\.plugin: .*adds\.toml: "):
        activate(["mine"], plugin(manifest))


def test_a_manifest_that_promises_too_much_stops_the_start(plugin):
    with pytest.raises(PluginError, match=r"differ: Patient/\$do is listed and not registered"):
        activate(["mine"], plugin('mine = ["Patient/$do"]'))


def test_a_manifest_that_leaves_something_out_stops_the_start(plugin):
    entry = plugin("")
    module = entry["mine"].load()
    parameter = {"resourceType": "SearchParameter", "code": "height", "base": ["Patient"], "url": "urn:height"}
    module.register_search_parameters = hookimpl(lambda: [parameter])
    with pytest.raises(PluginError, match=r"differ: Patient\?height is registered and not listed"):
        activate(["mine"], entry)


def test_a_plugin_without_a_manifest_is_welcome(tmp_path):
    assert read_manifest("no_such_package.plugin") is None
    assert read_manifest("usager_server.general.plugin") is None
    assert read_manifest("single_module") is None


def test_every_plugin_of_ours_has_a_manifest():
    listed = {key for entry in installed().values() for key in read_manifest(entry.module) or ()}
    without = added_by([])
    assert {key for key in installed() if added_by([key]) > without} <= listed
    assert listed <= {profile.key for profile in survey().profiles}


def added_by(keys: list[str]) -> int:
    """Return how many operations and search parameters are on with these profiles."""
    plugins = activate(keys)
    return len(plugins.operations) + len(plugins.search_parameters)


def test_a_manifest_error_names_its_file(plugin):
    plugin("mine = 3")
    with pytest.raises(ManifestError, match=r"adds\.toml: mine is no list of names"):
        read_manifest("usager_mine.plugin")
