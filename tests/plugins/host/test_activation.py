"""Finding and activating plugins: what is wrong stops the start, and is named."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from usager_server import Operation, Profile, hookimpl, operation_definition
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
