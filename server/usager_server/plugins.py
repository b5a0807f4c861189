"""Find, activate and list plugins. One that is unknown or broken stops the server, which says which and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from usager_server import hookspecs
from usager_server.conformity.scenario import Scenario
from usager_server.general import plugin as general
from usager_server.interactions.session import Operation
from usager_server.profile import Profile
from usager_server.sandbox.stand_in import StandIn

GROUP = "usager.profiles"


class PluginError(Exception):
    """The profiles asked for cannot be served; the text is for the operator, one line."""


@dataclass(frozen=True, slots=True)
class Plugins:
    """What the active plugins registered, gathered once.

    Shape   profiles: those switched on, general first; search_parameters and conformance_resources: FHIR resources.
    """

    profiles: Sequence[Profile]
    search_parameters: Sequence[Mapping[str, Any]] = ()
    operations: Sequence[Operation] = ()
    conformance_resources: Sequence[Mapping[str, Any]] = ()
    modules: Sequence[ModuleType] = field(default=())

    @property
    def active(self) -> frozenset[str]:
        """Return the keys that are switched on, "general" included."""
        return frozenset(profile.key for profile in self.profiles)


def installed() -> dict[str, EntryPoint]:
    """Return the entry point of every installed profile, by key, without importing any."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise PluginError(f"the profile {entry.name} is claimed twice: by {other.value} and by {entry.value}")
    return found


def activate(keys: Sequence[str], available: Mapping[str, EntryPoint] | None = None) -> Plugins:
    """Load the plugins of these profiles, and "general", and gather what they register.

    Errors  PluginError on an unknown profile, contradictory variants, a plugin that does not load, a misspelt hook, or
            a name claimed twice.
    """
    entries = installed() if available is None else available
    modules = dict.fromkeys([general, *(_load(key, entries) for key in keys if key != general.KEY)])
    manager = _register(modules)
    profiles = _chosen(manager, [general.KEY, *(key for key in keys if key != general.KEY)])
    active = frozenset(profile.key for profile in profiles)
    gathered = Plugins(
        profiles=profiles,
        search_parameters=list(_gather(manager, "register_search_parameters", active)),
        operations=list(_gather(manager, "register_operations", active)),
        conformance_resources=list(_gather(manager, "register_conformance_resources", active)),
        modules=tuple(modules),
    )
    _refuse_double_claims(gathered)
    return gathered


def known_profiles() -> list[Profile]:
    """Return every installed profile, general first: loads all plugins, so for listings only."""
    entries = installed()
    manager = _register(dict.fromkeys([general, *(_load(key, entries) for key in entries)]))
    by_key = {profile.key: profile for profile in _gather(manager, "register_profiles", frozenset())}
    return [by_key[key] for key in [general.KEY, *entries] if key in by_key]


def scenarios(plugins: Plugins) -> list[Scenario]:
    """Return the scenarios of the active plugins. Errors: PluginError when two bear one name."""
    manager = _register(dict.fromkeys(plugins.modules))
    found: list[Scenario] = list(_gather(manager, "register_scenarios", plugins.active))
    _refuse_one_name_twice("scenario", [it.name for it in found])
    return found


def stand_ins(plugins: Plugins) -> list[StandIn]:
    """Return the stand-ins that the active profiles need. Errors: PluginError when two bear one name."""
    manager = _register(dict.fromkeys(plugins.modules))
    found: list[StandIn] = list(_gather(manager, "register_stand_ins", plugins.active))
    _refuse_one_name_twice("stand-in", [it.name for it in found])
    return found


def _refuse_one_name_twice(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise PluginError(f"two plugins claim the {kind} {name}")


def _load(key: str, entries: Mapping[str, EntryPoint]) -> ModuleType:
    if key not in entries:
        close = get_close_matches(key, entries, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise PluginError(f"USAGER_PROFILES: {key} is not an installed profile; {hint}installed: {', '.join(entries)}")
    entry = entries[key]
    try:
        module = entry.load()
    except Exception as error:  # whatever a plugin's module raises, the operator must read whose it is
        raise PluginError(f"the plugin {entry.value} of profile {key} does not load: {_told(error)}") from error
    if not isinstance(module, ModuleType):
        raise PluginError(f"the plugin {entry.value} of profile {key} is not a module")
    return module


def _register(modules: Mapping[ModuleType, Any]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for module in modules:
        try:
            manager.register(module, name=module.__name__)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"the plugin {module.__name__}: {_told(error)}") from error
    return manager


def _chosen(manager: pluggy.PluginManager, keys: Sequence[str]) -> list[Profile]:
    by_key = {profile.key: profile for profile in _gather(manager, "register_profiles", frozenset())}
    missing = [key for key in keys if key not in by_key]
    if missing:
        raise PluginError(
            f"the profile {missing[0]} is announced by an entry point but its plugin does not register it"
        )
    chosen = [by_key[key] for key in keys]
    for profile in chosen:
        for other in sorted(profile.excludes.intersection(keys)):
            raise PluginError(f"USAGER_PROFILES: {profile.key} and {other} contradict each other; keep one")
    return chosen


def _gather(manager: pluggy.PluginManager, hook: str, active: frozenset[str]) -> Iterator[Any]:
    """Yield what each plugin registers, one plugin after the other, so that a failure names its plugin."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        arguments = {"active": active} if "active" in implementation.argnames else {}
        try:
            yield from implementation.function(**arguments)
        except Exception as error:  # as in _load
            raise PluginError(f"the plugin {implementation.plugin_name} fails in {hook}: {_told(error)}") from error


def _refuse_double_claims(plugins: Plugins) -> None:
    claims = [f"search parameter {base}.{it['code']}" for it in plugins.search_parameters for base in it["base"]]
    for operation in plugins.operations:
        bases = operation.definition.get("resource") or [""]
        claims += [f"operation {base}${operation.code}" for base in bases]
    for claim in claims:
        if claims.count(claim) > 1:
            raise PluginError(f"two plugins claim the {claim}")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
