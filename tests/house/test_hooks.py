"""The hooks: each documented with its signature, each with a plugin that uses it and a test of its own."""

import inspect

import pytest

from tests.house.files import ROOT
from usager_server import (
    Indicator,
    Operation,
    Profile,
    Requirement,
    Run,
    Scenario,
    StandIn,
    hookimpl,
    hookspecs,
    measure_definition,
    operation_definition,
    scenario,
)
from usager_server.plugins import GROUP, PluginError, Plugins, activate, scenarios, stand_ins

QUALIFIED = (
    "collections.abc.",
    "typing.",
    "usager_server.conformity.scenario.",
    "usager_server.indicators.indicator.",
    "usager_server.interactions.session.",
    "usager_server.profile.",
    "usager_server.requirements.ledger.",
    "usager_server.sandbox.stand_in.",
)
HOOKS = [name for name in vars(hookspecs) if name.startswith("register_")]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_signature(hook):
    signature = str(inspect.signature(getattr(hookspecs, hook)))
    for qualified in QUALIFIED:
        signature = signature.replace(qualified, "")
    assert f"## `{hook}{signature}`" in (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_of_its_own(hook):
    assert f"test_{hook}" in globals()


def activated(monkeypatch: pytest.MonkeyPatch, **hooks: object) -> Plugins:
    """Return what is registered by a plugin with these hooks."""
    import sys
    from importlib.metadata import EntryPoint
    from types import ModuleType

    module = ModuleType("plugin_of_hooks")
    hooks.setdefault("register_profiles", lambda: [Profile("mine", "Mine")])
    for name, function in hooks.items():
        setattr(module, name, hookimpl(function))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "plugin_of_hooks", module)
    return activate(["mine"], {"mine": EntryPoint("mine", "plugin_of_hooks", GROUP)})


def test_register_profiles(monkeypatch):
    assert [profile.key for profile in activated(monkeypatch).profiles] == ["general", "mine"]


def test_register_search_parameters(monkeypatch):
    parameter = {"resourceType": "SearchParameter", "code": "height", "base": ["Patient"], "url": "urn:height"}
    given = activated(monkeypatch, register_search_parameters=lambda active: [parameter] if "mine" in active else [])
    assert parameter in given.search_parameters


def test_register_operations(monkeypatch):
    operation = Operation(operation_definition("do", "Nothing.", levels=["system"]), handler=None)  # type: ignore[arg-type]
    assert operation in activated(monkeypatch, register_operations=lambda: [operation]).operations


def test_register_indicators(monkeypatch):
    async def evaluate(session, asked):
        return []

    measure = measure_definition("mine", "1", "Le mien", "Rien.", {})
    indicator = Indicator("MINE.01", measure, evaluate)
    given = activated(monkeypatch, register_indicators=lambda active: [indicator] if "mine" in active else [])
    assert [it.report for it in given.indicators] == ["TBB.INS.01", "MINE.01"]


def test_two_plugins_do_not_bring_one_report(monkeypatch):
    measure = measure_definition("mine", "1", "Le mien", "Rien.", {})
    with pytest.raises(PluginError, match=r"report TBB\.INS\.01"):
        activated(monkeypatch, register_indicators=lambda: [Indicator("TBB.INS.01", measure, None)])  # type: ignore[arg-type]


def test_register_conformance_resources(monkeypatch):
    url = "https://example.org/StructureDefinition/mine"
    definition = {"resourceType": "StructureDefinition", "id": "mine", "url": url}
    given = activated(monkeypatch, register_conformance_resources=lambda: [definition])
    assert given.conformance_resources[-1] == definition


def test_register_requirements(monkeypatch):
    line = Requirement("MINE.01", "todo", "Le nôtre")
    found = activated(monkeypatch, register_requirements=lambda: [line]).requirements
    assert [it.fact.profiles for it in found if it.line == line] == [("mine",)]


def test_register_scenarios(monkeypatch):
    proof = scenario_called("it_works")
    given = activated(monkeypatch, register_scenarios=lambda active: [proof] if "mine" in active else [])
    assert proof in scenarios(given)


def test_two_scenarios_of_one_name_are_refused(monkeypatch):
    given = activated(monkeypatch, register_scenarios=lambda: [scenario_called("twice"), scenario_called("twice")])
    with pytest.raises(PluginError, match="the plugin plugin_of_hooks claims the scenario mine-twice twice"):
        scenarios(given)


def test_register_stand_ins(monkeypatch):
    service = StandIn("mine", "Le mien", "mine.sandbox:Mine")
    given = activated(monkeypatch, register_stand_ins=lambda active: [service] if "mine" in active else [])
    assert service in stand_ins(given)


def test_a_server_does_not_ask_for_scenarios_nor_stand_ins(monkeypatch):
    def fail() -> list[Scenario]:
        raise AssertionError("asked")

    assert activated(monkeypatch, register_scenarios=fail, register_stand_ins=fail).active == {"general", "mine"}


def scenario_called(name: str) -> Scenario:
    """Return a scenario of the module mine.conformity that is never run."""

    async def function(run: Run) -> None: ...

    function.__module__, function.__name__ = "mine.conformity", name
    return scenario("X.01", title="Cela marche")(function)
