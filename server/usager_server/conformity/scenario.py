"""A scenario: a few steps over HTTP that prove requirements to a stranger.

Scenarios live in a module called `conformity.py` beside the code they prove; `register_scenarios` names that module.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usager_server.conformity.run import Run

TIMEOUT_SECONDS = 60.0
OWN_PACKAGE, MODULE = "usager_server.", ".conformity"

ScenarioFunction = Callable[["Run"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What proves one requirement or several, over HTTP only.

    Shape   ids are verbatim from the référentiel, or the P- codes of behaviours without an ID; title is French;
            stand_ins names the stand-ins of the sandbox that it speaks to.
    Time    one that is not done after timeout_seconds has failed.
    """

    ids: tuple[str, ...]
    title: str
    function: ScenarioFunction
    stand_ins: tuple[str, ...] = ()
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def name(self) -> str:
        """Return what tells it from every other, fit for a file name: "http-the-version-is-visible"."""
        room = self.function.__module__.removeprefix(OWN_PACKAGE).removesuffix(MODULE)
        return re.sub(r"[^a-z0-9]+", "-", f"{room}-{self.function.__name__}".lower()).strip("-")

    @property
    def purpose(self) -> str:
        """Return what its docstring says: French, for the reader of the dossier."""
        return (self.function.__doc__ or "").strip()


def scenario(
    *ids: str, title: str, stand_ins: tuple[str, ...] = (), timeout_seconds: float = TIMEOUT_SECONDS
) -> Callable[[ScenarioFunction], Scenario]:
    """Make a scenario of an async function that takes a Run; its docstring says in French what it shows."""
    if not ids or not title:
        raise ValueError("a scenario names at least one requirement, and has a title")
    return lambda function: Scenario(ids, title, function, stand_ins, timeout_seconds)


def scenarios_in(*modules: str) -> list[Scenario]:
    """Return the scenarios of these modules, in the order they are written: `scenarios_in("usager_ph.conformity")`."""
    found = [(name, [it for it in vars(import_module(name)).values() if isinstance(it, Scenario)]) for name in modules]
    for name, scenarios in found:
        if not scenarios:
            raise ValueError(f"{name} holds no scenario")
    return [it for _, scenarios in found for it in scenarios]
