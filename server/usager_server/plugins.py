"""Find, activate and list plugins. One that is unknown or broken stops the server, which says which and why."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pluggy

from usager_server import hookspecs
from usager_server.claims import Registered, checked, public_names
from usager_server.conformity.scenario import Scenario
from usager_server.general import plugin as general
from usager_server.indicators.indicator import Indicator
from usager_server.installed import GROUP as GROUP
from usager_server.installed import PluginError as PluginError
from usager_server.installed import installed as installed
from usager_server.installed import refuse_unknown, whose
from usager_server.interactions.session import Operation
from usager_server.manifest import FILE, Inactive, ManifestError, differences, read_manifest
from usager_server.profile import Profile
from usager_server.requirements.facts import facts
from usager_server.requirements.ledger import LedgerError, Requirement
from usager_server.requirements.standing import Standing, standings
from usager_server.sandbox.stand_in import StandIn

WHATEVER = (Exception, SystemExit)  # a plugin's code may raise anything, and the operator must read whose it is


@dataclass(frozen=True, slots=True)
class Plugins:
    """What the active plugins registered, gathered once.

    Shape   profiles: those switched on, general first; search_parameters and conformance_resources: FHIR resources;
            ledgers: the requirements, by the name of the plugin's module, and keys the profiles that it registers.
    """

    profiles: Sequence[Profile]
    search_parameters: Sequence[Mapping[str, Any]] = ()
    operations: Sequence[Operation] = ()
    conformance_resources: Sequence[Mapping[str, Any]] = ()
    indicators: Sequence[Indicator] = ()
    ledgers: Mapping[str, Sequence[Requirement]] = field(default_factory=dict)
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    modules: Sequence[ModuleType] = ()

    @property
    def active(self) -> frozenset[str]:
        """Return the keys that are switched on, "general" included."""
        return frozenset(profile.key for profile in self.profiles)

    @property
    def requirements(self) -> list[Standing]:
        """Return where every requirement in the ledgers of these plugins stands."""
        return standings(self.ledgers, self.keys)


def activate(keys: Sequence[str], available: Mapping[str, EntryPoint] | None = None) -> Plugins:
    """Load the plugins of these profiles, and "general", and gather what they register.

    Errors  PluginError on an unknown profile, contradictory variants, a plugin that does not load, a misspelt hook, a
            ledger that cannot be read, or a name claimed twice.
    """
    plugins = _gathered(keys, installed() if available is None else available)
    for profile in plugins.profiles:
        for other in sorted(profile.excludes & plugins.active):
            raise PluginError(f"USAGER_PROFILES: {profile.key} and {other} contradict each other; keep one")
    return plugins


def inactive(plugins: Plugins) -> Inactive:
    """Return what tells which of the installed profiles that are off would bring a name."""
    return Inactive(installed(), plugins.active)


def survey() -> Plugins:
    """Return what all the installed plugins register, contradictory variants too: for listings, never for serving."""
    entries = installed()
    return _gathered(list(entries), entries)


def scenarios(plugins: Plugins) -> list[Scenario]:
    """Return the scenarios of the active plugins, but for those that prove what other profiles alone are asked.

    Errors  PluginError when two bear one name.
    """
    found: list[Scenario] = _things("register_scenarios", _register(plugins.modules), plugins.active)
    return [it for it in found if _is_asked(it, plugins.active)]


def _is_asked(scenario: Scenario, active: frozenset[str]) -> bool:
    asked = [facts()[code].profiles for code in scenario.ids if code in facts()]
    return not asked or any(active.intersection(profiles) for profiles in asked)


def stand_ins(plugins: Plugins) -> list[StandIn]:
    """Return the stand-ins that the active profiles need. Errors: PluginError when two bear one name."""
    return _things("register_stand_ins", _register(plugins.modules), plugins.active)


def _gathered(keys: Sequence[str], entries: Mapping[str, EntryPoint]) -> Plugins:
    wanted = [key for key in keys if key != general.KEY]
    modules = tuple(dict.fromkeys([general, *(_load(key, entries) for key in wanted)]))
    manager = _register(modules)
    offered = checked("register_profiles", _gather(manager, "register_profiles", frozenset()))
    profiles = _chosen([it.thing for it in offered], [general.KEY, *wanted])
    active = frozenset(profile.key for profile in profiles)
    parameters = checked("register_search_parameters", _gather(manager, "register_search_parameters", active))
    operations = checked("register_operations", _gather(manager, "register_operations", active))
    _refuse_false_manifests(modules, active, [*parameters, *operations])
    return Plugins(
        profiles=profiles,
        search_parameters=[it.thing for it in parameters],
        operations=[it.thing for it in operations],
        conformance_resources=_things("register_conformance_resources", manager, active),
        indicators=_things("register_indicators", manager, active),
        ledgers=_by_plugin(checked("register_requirements", _gather(manager, "register_requirements", active))),
        keys={plugin: [it.key for it in theirs] for plugin, theirs in _by_plugin(offered).items()},
        modules=modules,
    )


def _load(key: str, entries: Mapping[str, EntryPoint]) -> ModuleType:
    refuse_unknown([key], entries)
    entry = entries[key]
    try:
        module = entry.load()
    except WHATEVER as error:
        raise PluginError(f"the plugin {whose(entry)} of profile {key} does not load: {_told(error)}") from error
    if not isinstance(module, ModuleType):
        raise PluginError(f"the plugin {whose(entry)} of profile {key} is not a module")
    return module


def _register(modules: Iterable[ModuleType]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for module in modules:
        try:
            manager.register(module, name=module.__name__)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"the plugin {module.__name__}: {_told(error)}") from error
    return manager


def _chosen(offered: Iterable[Profile], keys: Sequence[str]) -> list[Profile]:
    by_key = {profile.key: profile for profile in offered}
    missing = [key for key in keys if key not in by_key]
    if missing:
        raise PluginError(
            f"the profile {missing[0]} is announced by an entry point but its plugin does not register it"
        )
    return [by_key[key] for key in dict.fromkeys(keys)]


def _refuse_false_manifests(
    modules: Iterable[ModuleType], active: Collection[str], registered: Iterable[Registered]
) -> None:
    by_plugin = _by_plugin(registered)
    for plugin in (module.__name__ for module in modules):
        names = [name for thing in by_plugin.get(plugin, ()) for name in public_names(thing)]
        try:
            manifest = read_manifest(plugin)
        except ManifestError as error:
            raise PluginError(f"the plugin {plugin}: {error}") from error
        if manifest is not None and (found := differences(manifest, active, names)):
            raise PluginError(f"the plugin {plugin} and its {FILE} differ: {'; '.join(found)}")


def _things(hook: str, manager: pluggy.PluginManager, active: frozenset[str]) -> list[Any]:
    return [thing for _, thing in checked(hook, _gather(manager, hook, active))]


def _gather(manager: pluggy.PluginManager, hook: str, active: frozenset[str]) -> Iterator[Registered]:
    """Yield what each plugin registers, one plugin after the other, so that a failure names its plugin."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        arguments = {"active": active} if "active" in implementation.argnames else {}
        try:
            things = list(implementation.function(**arguments))
        except LedgerError as error:
            raise PluginError(f"the plugin {implementation.plugin_name}: {error}") from error
        except WHATEVER as error:
            raise PluginError(f"the plugin {implementation.plugin_name} fails in {hook}: {_told(error)}") from error
        yield from (Registered(implementation.plugin_name, thing) for thing in things)


def _by_plugin(registered: Iterable[Registered]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for plugin, thing in registered:
        found.setdefault(plugin, []).append(thing)
    return found


def _told(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
