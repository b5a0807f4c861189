"""FHIRPath over raw JSON trees: text -> syntax tree -> closures typed by the definitions."""

from usager_server.fhirpath.analysis import check
from usager_server.fhirpath.evaluator import Evaluator, compile
from usager_server.fhirpath.nodes import Environment, Node
from usager_server.fhirpath.parser import parse

__all__ = ["Environment", "Evaluator", "Node", "check", "compile", "parse"]
