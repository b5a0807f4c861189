"""Usager: an open, FHIR-native back end for the dossier usager informatisé.

These are the only names that a plugin may import. They are looked up when first used, so that a command which needs few
of them starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__released__ = "2026-11-22"

if TYPE_CHECKING:
    from usager_server.canonicals import canonical as canonical
    from usager_server.conformity.run import Run as Run
    from usager_server.conformity.scenario import Scenario as Scenario
    from usager_server.conformity.scenario import scenario as scenario
    from usager_server.conformity.scenario import scenarios_in as scenarios_in
    from usager_server.errors import Invalid as Invalid
    from usager_server.errors import NotFound as NotFound
    from usager_server.errors import Unprocessable as Unprocessable
    from usager_server.hookspecs import hookimpl as hookimpl
    from usager_server.indicators.indicator import Asked as Asked
    from usager_server.indicators.indicator import Figure as Figure
    from usager_server.indicators.indicator import Indicator as Indicator
    from usager_server.indicators.indicator import Stratum as Stratum
    from usager_server.indicators.indicator import measure_definition as measure_definition
    from usager_server.interactions.finding import fetch as fetch
    from usager_server.interactions.finding import find as find
    from usager_server.interactions.session import Operation as Operation
    from usager_server.interactions.session import OperationRequest as OperationRequest
    from usager_server.interactions.session import Reply as Reply
    from usager_server.interactions.session import Session as Session
    from usager_server.jsontext import decimal_of as decimal_of
    from usager_server.operations.definition import operation_definition as operation_definition
    from usager_server.operations.definition import parameter as parameter
    from usager_server.operations.parameters import given as given
    from usager_server.operations.parameters import parameters as parameters
    from usager_server.operations.parameters import part as part
    from usager_server.operations.parameters import required as required
    from usager_server.operations.parameters import text_of as text_of
    from usager_server.profile import Profile as Profile
    from usager_server.profile import packaged as packaged
    from usager_server.requirements import fulfils as fulfils
    from usager_server.requirements.ledger import Requirement as Requirement
    from usager_server.requirements.ledger import ledger as ledger
    from usager_server.sandbox.stand_in import Answer as Answer
    from usager_server.sandbox.stand_in import Received as Received
    from usager_server.sandbox.stand_in import StandIn as StandIn

_HOME = {
    "canonical": "canonicals",
    "Run": "conformity.run",
    "Scenario": "conformity.scenario",
    "scenario": "conformity.scenario",
    "scenarios_in": "conformity.scenario",
    "Invalid": "errors",
    "NotFound": "errors",
    "Unprocessable": "errors",
    "hookimpl": "hookspecs",
    "Asked": "indicators.indicator",
    "Figure": "indicators.indicator",
    "Indicator": "indicators.indicator",
    "Stratum": "indicators.indicator",
    "measure_definition": "indicators.indicator",
    "find": "interactions.finding",
    "fetch": "interactions.finding",
    "Reply": "interactions.session",
    "Session": "interactions.session",
    "Operation": "interactions.session",
    "OperationRequest": "interactions.session",
    "operation_definition": "operations.definition",
    "parameter": "operations.definition",
    "given": "operations.parameters",
    "parameters": "operations.parameters",
    "part": "operations.parameters",
    "required": "operations.parameters",
    "text_of": "operations.parameters",
    "decimal_of": "jsontext",
    "Profile": "profile",
    "packaged": "profile",
    "fulfils": "requirements",
    "Requirement": "requirements.ledger",
    "ledger": "requirements.ledger",
    "Answer": "sandbox.stand_in",
    "Received": "sandbox.stand_in",
    "StandIn": "sandbox.stand_in",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
