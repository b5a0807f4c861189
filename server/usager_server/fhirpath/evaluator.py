"""The public face of the engine: an expression compiled once, evaluated often."""

from collections.abc import Mapping
from typing import Any

from usager_server.definitions import Definitions
from usager_server.fhirpath.ast import Expression
from usager_server.fhirpath.compiler import Compiler
from usager_server.fhirpath.lexer import refused
from usager_server.fhirpath.nodes import EMPTY, Environment, Failure, Frame, Items, Node, Run
from usager_server.fhirpath.parser import parse
from usager_server.fhirpath.values import boolean, type_name

_DEFAULT = Environment()


class Evaluator:
    """A compiled expression; it keeps nothing between evaluations, and threads may share it."""

    __slots__ = ("_compiled", "definitions", "syntax", "text")

    def __init__(self, text: str, definitions: Definitions) -> None:
        self.text = text
        self.definitions = definitions
        self.syntax: Expression = parse(text)
        self._compiled = Compiler(text, definitions).compile(self.syntax)

    def items(self, focus: Mapping[str, Any] | Node, environment: Environment = _DEFAULT) -> Items:
        """Return what the expression makes of a resource or a Node: Nodes, and plain values for what it computed.

        Errors  Invalid (400) with the position; TooCostly (403) when the budget is spent.
        """
        node = focus if focus.__class__ is Node else _root(focus)
        return self._compiled(Frame(node, None, EMPTY, Run(self.definitions, environment, node)))

    def evaluate(self, focus: Mapping[str, Any] | Node, environment: Environment = _DEFAULT) -> list[Node]:
        """Return the same as `items`, with Nodes throughout: computed values have a type such as System.Integer."""
        return [
            item if isinstance(item, Node) else Node(item, type_name(item)) for item in self.items(focus, environment)
        ]

    def is_true(self, focus: Mapping[str, Any] | Node, environment: Environment = _DEFAULT) -> bool:
        """Tell whether the expression gives true; nothing at all is not true."""
        return self.truth(focus, environment) is True

    def truth(self, focus: Mapping[str, Any] | Node, environment: Environment = _DEFAULT) -> bool | None:
        """Return true, false or, when the expression gives nothing, None."""
        try:
            return boolean(self.items(focus, environment))
        except Failure as failure:
            raise refused(str(failure), self.text, 0) from None


def _root(focus: Any) -> Node:
    return Node(focus, str(focus.get("resourceType", "Resource")))


def compile(text: str, definitions: Definitions) -> Evaluator:  # the word of the trade
    """Return the evaluator of an expression. Errors: Invalid (400) with the position."""
    return Evaluator(text, definitions)
