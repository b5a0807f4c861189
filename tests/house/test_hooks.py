"""The hooks: each documented with its signature, each with a plugin that uses it and a test of its own."""

import inspect

import pytest

from tests.house.files import ROOT
from usager_server import Operation, Profile, hookimpl, hookspecs, operation_definition
from usager_server.plugins import GROUP, Plugins, activate

HOOKS = [name for name in vars(hookspecs) if name.startswith("register_")]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_signature(hook):
    signature = str(inspect.signature(getattr(hookspecs, hook)))
    for qualified in ("collections.abc.", "typing.", "usager_server.operations.", "usager_server.profile."):
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
    hooks.setdefault("register_profiles", lambda: [Profile("mine", "Mine", "Nothing.")])
    for name, function in hooks.items():
        setattr(module, name, hookimpl(function))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "plugin_of_hooks", module)
    return activate(["mine"], {"mine": EntryPoint("mine", "plugin_of_hooks", GROUP)})


def test_register_profiles(monkeypatch):
    assert [profile.key for profile in activated(monkeypatch).profiles] == ["general", "mine"]


def test_register_search_parameters(monkeypatch):
    parameter = {"resourceType": "SearchParameter", "code": "height", "base": ["Patient"]}
    given = activated(monkeypatch, register_search_parameters=lambda active: [parameter] if "mine" in active else [])
    assert given.search_parameters == [parameter]


def test_register_operations(monkeypatch):
    operation = Operation(operation_definition("do", "Nothing.", levels=["system"]), handler=None)  # type: ignore[arg-type]
    assert activated(monkeypatch, register_operations=lambda: [operation]).operations == [operation]


def test_register_conformance_resources(monkeypatch):
    definition = {"resourceType": "StructureDefinition", "url": "https://example.org/StructureDefinition/mine"}
    given = activated(monkeypatch, register_conformance_resources=lambda: [definition])
    assert given.conformance_resources == [definition]
