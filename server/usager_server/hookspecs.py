"""Everything a plugin can do. Hooks register, once, at start-up, without I/O; what they return does the work."""

from collections.abc import Mapping, Sequence
from typing import Any

import pluggy

from usager_server.conformity.scenario import Scenario
from usager_server.indicators.indicator import Indicator
from usager_server.interactions.session import Operation
from usager_server.profile import Profile
from usager_server.requirements.ledger import Requirement
from usager_server.sandbox.stand_in import StandIn

PROJECT = "usager"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_profiles() -> Sequence[Profile]:
    """Return the profiles and variants of this plugin, each under the key of one of its entry points."""
    ...


@hookspec
def register_search_parameters(active: frozenset[str]) -> Sequence[Mapping[str, Any]]:
    """Return SearchParameter resources; one that is already claimed on a type stops the server.

    Shape   active holds the keys that are switched on, so that a plugin can tell its variants apart.
    """
    ...


@hookspec
def register_operations(active: frozenset[str]) -> Sequence[Operation]:
    """Return the $operations; one whose name is already claimed on a type stops the server."""
    ...


@hookspec
def register_conformance_resources(active: frozenset[str]) -> Sequence[Mapping[str, Any]]:
    """Return what resources are validated against: StructureDefinitions with snapshots, ValueSets, CodeSystems."""
    ...


@hookspec
def register_indicators(active: frozenset[str]) -> Sequence[Indicator]:
    """Return the indicators and reports: each a Measure and what evaluates it, for `Measure/$evaluate-measure`."""
    ...


@hookspec
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger of this plugin, usually `ledger("its_package")`; an ID that another claims stops the server."""
    ...


@hookspec
def register_scenarios(active: frozenset[str]) -> Sequence[Scenario]:
    """Return the scenarios that prove the requirements of this plugin; a server that serves never asks for them."""
    ...


@hookspec
def register_stand_ins(active: frozenset[str]) -> Sequence[StandIn]:
    """Return the stand-ins of the services that the active profiles call; only the sandbox asks for them."""
    ...
