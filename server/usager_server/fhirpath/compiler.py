"""Syntax tree -> closures. Each takes a frame and returns a collection; what can be known is settled before."""

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from usager_server.definitions import Definitions
from usager_server.fhirpath.ast import (
    Binary,
    Call,
    Expression,
    External,
    Indexer,
    Literal,
    Member,
    TypeOperation,
    Unary,
    Variable,
)
from usager_server.fhirpath.constants import constant
from usager_server.fhirpath.functions import FUNCTIONS
from usager_server.fhirpath.lexer import refused
from usager_server.fhirpath.navigation import Routes, step
from usager_server.fhirpath.nodes import EMPTY, FALSE, NOTHING, TRUE, Compiled, Failure, Frame, Items, Node, TypeInfo
from usager_server.fhirpath.operators import OPERATORS
from usager_server.fhirpath.quantity import Quantity
from usager_server.fhirpath.typing import is_known, matcher
from usager_server.fhirpath.values import single, type_name, wanted


def _this(frame: Frame) -> Items:
    return EMPTY if frame.this is NOTHING else [frame.this]


class Compiler:
    """Compiles the expressions of one text."""

    def __init__(self, text: str, definitions: Definitions) -> None:
        self.text = text
        self.definitions = definitions

    def compile(self, node: Expression) -> Compiled:
        """Return the closure of a syntax tree. Errors: Invalid on an unknown function or type."""
        match node:
            case Literal():
                return self._literal(node)
            case Variable():
                return self._variable(node)
            case External():
                return self._external(node)
            case Member():
                return self._first_member(node) if node.source is None else self._member(node)
            case Call():
                return self._call(node)
            case Indexer():
                return self._indexer(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case TypeOperation():
                return self._type_operation(node)

    def _source(self, node: Expression | None) -> Compiled:
        return _this if node is None else self.compile(node)

    def _located(self, act: Callable[[Frame], Items], position: int) -> Compiled:
        text = self.text

        def locate(frame: Frame) -> Items:
            try:
                return act(frame)
            except Failure as failure:
                raise refused(str(failure), text, position) from None
            except DecimalException:  # a number that cannot be had: overflow, the root of -1
                return EMPTY

        return locate

    def _literal(self, node: Literal) -> Compiled:
        items = EMPTY if node.value is None else [node.value]
        return lambda frame: items

    def _variable(self, node: Variable) -> Compiled:
        if node.name == "this":
            return _this
        if node.name == "total":
            return lambda frame: frame.total
        return lambda frame: EMPTY if frame.index is None else [frame.index]

    def _external(self, node: External) -> Compiled:
        name = node.name
        return self._located(lambda frame: constant(frame, name), node.position)

    def _first_member(self, node: Member) -> Compiled:
        routes, name = Routes(self.definitions, node.name), node.name
        is_a = self.definitions.is_a
        may_be_type = name[:1].isupper() and name in self.definitions.types

        def first(frame: Frame) -> Items:
            this = frame.this
            if this.__class__ is not Node:
                return _attribute(this, name)
            if may_be_type and is_a(this.type, name):
                return [this]
            found: Items = []
            step(this, routes[this.type], found)
            return found

        return first

    def _member(self, node: Member) -> Compiled:
        routes, name = Routes(self.definitions, node.name), node.name
        source = self._source(node.source)

        def member(frame: Frame) -> Items:
            found: Items = []
            for item in source(frame):
                if item.__class__ is Node:
                    step(item, routes[item.type], found)
                else:
                    found += _attribute(item, name)
            frame.run.spend(len(found))
            return found

        return member

    def _call(self, node: Call) -> Compiled:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise refused(f"there is no function {node.name}()", self.text, node.position)
        if not function.minimum <= len(node.arguments) <= function.maximum:
            raise refused(_arity(function.name, function.minimum, function.maximum), self.text, node.position)
        apply, source = function.apply, self._source(node.source)
        arguments = [self._argument(node.name, argument) for argument in node.arguments]
        if not arguments:
            return self._located(lambda frame: apply(frame, source(frame)), node.position)
        if len(arguments) == 1:
            only = arguments[0]
            return self._located(lambda frame: apply(frame, source(frame), only), node.position)
        return self._located(lambda frame: apply(frame, source(frame), *arguments), node.position)

    def _argument(self, function: str, node: Expression) -> Compiled:
        if function == "sort" and isinstance(node, Unary) and node.operator == "-":
            return _Descending(self.compile(node.operand))
        return self.compile(node)

    def _indexer(self, node: Indexer) -> Compiled:
        source, index = self._source(node.source), self.compile(node.index)

        def at(frame: Frame) -> Items:
            number = wanted(index(frame), int, "an Integer")
            items = source(frame)
            return EMPTY if number is None or not 0 <= number < len(items) else [items[number]]

        return self._located(at, node.position)

    def _unary(self, node: Unary) -> Compiled:
        operand = self.compile(node.operand)
        sign = -1 if node.operator == "-" else 1

        def signed(frame: Frame) -> Items:
            value = single(operand(frame))
            if value is None:
                return EMPTY
            if isinstance(value, Quantity):
                return [Quantity(sign * value.value, value.unit)]
            if isinstance(value, bool) or not isinstance(value, int | Decimal):
                raise Failure(f"{type_name(value)} has no sign")
            return [sign * value]

        return self._located(signed, node.position)

    def _binary(self, node: Binary) -> Compiled:
        operate = OPERATORS[node.operator]
        left, right = self.compile(node.left), self.compile(node.right)
        return self._located(lambda frame: operate(frame, left, right), node.position)

    def _type_operation(self, node: TypeOperation) -> Compiled:
        if not is_known(node.type, self.definitions):
            raise refused(f"there is no type {node.type.name}", self.text, node.type.position)
        source = self._source(node.operand)
        matches = matcher(node.type, self.definitions, exactly=node.operator != "is")
        strict_as = node.operator == "as"

        def is_it(frame: Frame) -> Items:
            items = source(frame)
            if len(items) > 1:
                raise Failure(f"is works on one item, not {len(items)}")
            return EMPTY if not items else TRUE if matches(items[0]) else FALSE

        def of_type(frame: Frame) -> Items:
            items = source(frame)
            if strict_as and len(items) > 1 and frame.run.environment.strict:
                raise Failure(f"as works on one item, not {len(items)}")
            return [item for item in items if matches(item)]

        return self._located(is_it if node.operator == "is" else of_type, node.position)


class _Descending:
    """A key of sort() that had a minus before it."""

    descending = True

    def __init__(self, key: Compiled) -> None:
        self.key = key

    def __call__(self, frame: Frame) -> Items:
        return self.key(frame)


def _attribute(item: Any, name: str) -> Items:
    if isinstance(item, TypeInfo) and name in ("namespace", "name"):
        return [getattr(item, name)]
    if isinstance(item, Quantity) and name in ("value", "unit"):
        return [getattr(item, name)]
    return EMPTY


def _arity(name: str, minimum: int, maximum: int) -> str:
    if minimum == maximum:
        return f"{name}() takes {minimum} argument{'' if minimum == 1 else 's'}"
    return f"{name}() takes {minimum} to {maximum} arguments"
