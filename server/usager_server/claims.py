"""What plugins register: of the kind their hook asks for, and no name claimed by two of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from usager_server.conformity.scenario import Scenario
from usager_server.indicators.indicator import Indicator
from usager_server.installed import PluginError
from usager_server.interactions.session import Operation
from usager_server.profile import Profile
from usager_server.requirements.ledger import Requirement
from usager_server.sandbox.stand_in import StandIn


class Registered(NamedTuple):
    """One thing that a plugin registered; plugin is the name of its module."""

    plugin: str
    thing: Any


def public_names(thing: Any) -> list[str]:
    """Return what a client calls an operation ("Patient/$do") or a search parameter ("Task?decision")."""
    if isinstance(thing, Operation):
        return thing.names
    return [f"{base}?{thing['code']}" for base in thing["base"]]


def checked(hook: str, registered: Iterable[Registered]) -> list[Registered]:
    """Return what was registered by a hook. Errors: PluginError when it is of another kind, or a name is taken."""
    kind, claims_of = HOOKS[hook]
    found = list(registered)
    owners: dict[str, str] = {}
    for plugin, thing in found:
        if not isinstance(thing, kind):
            raise PluginError(f"the plugin {plugin} returns {thing!r:.80} in {hook}, which is no {kind.__name__}")
        for claim in _claims(plugin, thing, claims_of):
            if claim in owners:
                raise PluginError(_clash(claim, owners[claim], plugin))
            owners[claim] = plugin
    return found


def _claims(plugin: str, thing: Any, claims_of: Callable[[Any], Iterable[str]]) -> list[str]:
    try:
        return list(dict.fromkeys(claims_of(thing)))
    except (KeyError, TypeError) as error:
        raise PluginError(f"the plugin {plugin} registers a {_short(thing)} without {error}") from error


def _short(thing: Any) -> str:
    resource = thing.definition if isinstance(thing, Operation) else thing
    return f"{resource.get('resourceType', 'resource')} {resource.get('id', '')}".strip()


def _clash(claim: str, first: str, second: str) -> str:
    if first == second:
        return f"the plugin {first} claims the {claim} twice"
    return f"two plugins claim the {claim}: {first} and {second}"


def _of_profile(profile: Profile) -> Iterator[str]:
    yield f"profile {profile.key}"


def _of_operation(operation: Operation) -> Iterator[str]:
    yield from (f"operation {name}" for name in operation.names)
    yield f"canonical {operation.definition['url']}"


def _of_search_parameter(resource: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"search parameter {base}.{resource['code']}" for base in resource["base"])
    yield f"canonical {resource['url']}"


def _of_conformance(resource: Mapping[str, Any]) -> Iterator[str]:
    yield f"canonical {resource['url']}"
    yield f"address {resource['resourceType']}/{resource['id']}"


def _of_indicator(indicator: Indicator) -> Iterator[str]:
    yield f"report {indicator.report}"
    yield from _of_conformance(indicator.measure)


def _of_requirement(requirement: Requirement) -> Iterator[str]:
    yield f"requirement {requirement.id}"


def _of_scenario(scenario: Scenario) -> Iterator[str]:
    yield f"scenario {scenario.name}"


def _of_stand_in(stand_in: StandIn) -> Iterator[str]:
    yield f"stand-in {stand_in.name}"


HOOKS: Mapping[str, tuple[type[Any], Callable[[Any], Iterable[str]]]] = {
    "register_profiles": (Profile, _of_profile),
    "register_operations": (Operation, _of_operation),
    "register_search_parameters": (Mapping, _of_search_parameter),
    "register_conformance_resources": (Mapping, _of_conformance),
    "register_indicators": (Indicator, _of_indicator),
    "register_requirements": (Requirement, _of_requirement),
    "register_scenarios": (Scenario, _of_scenario),
    "register_stand_ins": (StandIn, _of_stand_in),
}
