"""Finding and activating plugins: what is wrong stops the start, and is named."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from usager_server import Operation, Profile, Requirement, hookimpl, ledger, operation_definition
from usager_server.plugins import GROUP, PluginError, activate, installed, survey


@pytest.fixture
def entry(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return a maker of entry points to modules made on the spot."""
    made: list[str] = []

    def make(key: str, **functions: Any) -> dict[str, EntryPoint]:
        name = f"plugin_of_{key}_{len(made)}"
        module = ModuleType(name)
        functions.setdefault("register_profiles", lambda: [Profile(key, key.upper())])
        for hook, function in functions.items():
            setattr(module, hook, hookimpl(function) if callable(function) else function)
        sys.modules[name] = module
        made.append(name)
        return {key: EntryPoint(key, name, GROUP)}

    yield make
    for name in made:
        del sys.modules[name]


def operation(code: str) -> Operation:
    """Return an operation on Patient that is never called."""
    return Operation(operation_definition(code, "Nothing.", levels=["type"], resource=["Patient"]), handler=None)  # type: ignore[arg-type]


def test_every_profile_of_the_referentiel_is_installed():
    assert set(installed()) == {
        "pa", "ph-avec-decision", "ph-sans-decision", "dom-sans-soins", "dom-soins", "pde", "pds", "ahi",
        "sans-certificat-ins", "esclave-identite",
    }  # fmt: skip


def test_general_is_always_on():
    assert activate([]).active == {"general"}


def test_naming_general_changes_nothing():
    assert [profile.key for profile in activate(["general", "pa"]).profiles] == ["general", "pa"]


def test_two_variants_of_a_plugin_load_it_once():
    assert len(activate(["dom-sans-soins", "dom-soins"]).operations) == len(activate(["dom-soins"]).operations)


def test_what_is_not_asked_for_is_not_imported():
    script = (
        "import sys; from usager_server.plugins import activate; activate(['pa']); print('usager_ahi' in sys.modules)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_installed_profile_registers_itself():
    assert {profile.key for profile in survey().profiles} == {"general", *installed()}


def test_an_unknown_profile_is_refused_with_a_suggestion():
    with pytest.raises(PluginError, match="ph-avec-decison is not an installed profile; did you mean ph-avec-decision"):
        activate(["ph-avec-decison"])


def test_contradictory_variants_are_refused():
    with pytest.raises(PluginError, match="ph-avec-decision and ph-sans-decision contradict each other"):
        activate(["ph-avec-decision", "ph-sans-decision"])


def test_a_plugin_that_does_not_import_is_named():
    with pytest.raises(PluginError, match=r"the plugin no_such_package\.plugin of profile lost does not load"):
        activate(["lost"], {"lost": EntryPoint("lost", "no_such_package.plugin", GROUP)})


def test_a_plugin_with_a_syntax_error_is_named(tmp_path, monkeypatch):
    (tmp_path / "broken_plugin.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="broken_plugin of profile broken does not load: SyntaxError"):
        activate(["broken"], {"broken": EntryPoint("broken", "broken_plugin", GROUP)})


def test_a_misspelt_hook_is_named(entry):
    with pytest.raises(PluginError, match="unknown hook 'register_operation'"):
        activate(["mine"], entry("mine", register_operation=lambda: []))


def test_a_hook_with_an_unknown_argument_is_named(entry):
    with pytest.raises(PluginError, match="plugin_of_mine"):
        activate(["mine"], entry("mine", register_operations=lambda everything: []))


def test_a_hook_that_fails_is_named(entry):
    def register_operations() -> list[Operation]:
        raise KeyError("gone")

    with pytest.raises(PluginError, match="plugin_of_mine_0 fails in register_operations: KeyError"):
        activate(["mine"], entry("mine", register_operations=register_operations))


def test_a_profile_that_its_plugin_forgets_is_named(entry):
    with pytest.raises(PluginError, match="mine is announced by an entry point but its plugin does not register it"):
        activate(["mine"], entry("mine", register_profiles=lambda: []))


def test_two_claims_on_one_operation_are_refused(entry):
    both = entry("one", register_operations=lambda: [operation("do")])
    both |= entry("two", register_operations=lambda: [operation("do")])
    with pytest.raises(PluginError, match=r"operation Patient/\$do: plugin_of_one_0 and plugin_of_two_1"):
        activate(["one", "two"], both)


def test_two_claims_on_one_search_parameter_are_refused(entry):
    parameter = {"resourceType": "SearchParameter", "code": "height", "base": ["Patient"], "url": "urn:height"}
    both = entry("one", register_search_parameters=lambda: [parameter])
    both |= entry("two", register_search_parameters=lambda: [parameter])
    with pytest.raises(PluginError, match=r"two plugins claim the search parameter Patient\.height"):
        activate(["one", "two"], both)


def test_two_claims_on_one_canonical_are_refused(entry):
    definition = {"resourceType": "ValueSet", "id": "mine", "url": "https://acme.example/ValueSet/mine"}
    both = entry("one", register_conformance_resources=lambda: [definition])
    both |= entry("two", register_conformance_resources=lambda: [{**definition, "id": "other"}])
    with pytest.raises(PluginError, match=r"two plugins claim the canonical https://acme\.example/ValueSet/mine"):
        activate(["one", "two"], both)


def test_two_claims_on_one_requirement_are_refused(entry):
    mine = entry("mine", register_requirements=lambda: [Requirement("SC.INS.01", "todo", "Le nôtre")])
    told = r"the requirement SC\.INS\.01: usager_server\.general\.plugin and plugin_of_mine_0"
    with pytest.raises(PluginError, match=told):
        activate(["mine"], mine)


def test_two_claims_on_one_profile_are_refused(entry):
    both = entry("one") | entry("two", register_profiles=lambda: [Profile("one", "One"), Profile("two", "Two")])
    with pytest.raises(PluginError, match="two plugins claim the profile one"):
        activate(["one", "two"], both)


def test_one_plugin_that_claims_a_name_twice_is_named(entry):
    mine = entry("mine", register_operations=lambda: [operation("do"), operation("do")])
    with pytest.raises(PluginError, match=r"the plugin plugin_of_mine_0 claims the operation Patient/\$do twice"):
        activate(["mine"], mine)


@pytest.mark.parametrize(
    ("hook", "returned", "told"),
    [
        ("register_operations", ["$do"], "returns '[$]do' in register_operations, which is no Operation"),
        ("register_requirements", [{"id": "A.01"}], "which is no Requirement"),
        ("register_conformance_resources", "ValueSet", "returns 'V' in register_conformance_resources"),
        ("register_operations", None, "fails in register_operations: TypeError"),
        ("register_search_parameters", [{"id": "height"}], "registers a resource height without 'base'"),
        ("register_conformance_resources", [{"url": "urn:x", "resourceType": "ValueSet"}], "ValueSet without 'id'"),
    ],
)
def test_what_a_hook_may_not_return_is_told(entry, hook, returned, told):
    with pytest.raises(PluginError, match=told) as refused:
        activate(["mine"], entry("mine", **{hook: lambda: returned}))
    assert "plugin_of_mine_0" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "line", ["import nothing_like_it", "raise SystemExit(0)", "import sys; sys.exit('bye')", "1 / 0"]
)
def test_whatever_a_plugin_raises_when_it_loads_is_told(tmp_path, monkeypatch, line):
    (tmp_path / "raising_plugin.py").write_text(f"{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="the plugin raising_plugin of profile raising does not load") as refused:
        activate(["raising"], {"raising": EntryPoint("raising", "raising_plugin", GROUP)})
    assert "\n" not in str(refused.value)


def test_a_ledger_that_cannot_be_read_stops_the_start(entry):
    with pytest.raises(PluginError, match=r"the plugin plugin_of_mine_0: no_such_package/requirements\.toml"):
        activate(["mine"], entry("mine", register_requirements=lambda: ledger("no_such_package")))


@pytest.mark.parametrize(
    ("claimed", "told"),
    [
        (["pa", "pa"], r"the profile pa is claimed twice: by plugin_0 and by plugin_1"),
        (["general"], r"the profile general is the server's own: plugin_0 may not claim it"),
    ],
)
def test_entry_points_that_claim_a_profile_that_is_taken_are_refused(monkeypatch, claimed, told):
    points = [EntryPoint(key, f"plugin_{index}", GROUP) for index, key in enumerate(claimed)]
    monkeypatch.setattr("usager_server.installed._entries", lambda path: points)
    with pytest.raises(PluginError, match=told):
        installed()
