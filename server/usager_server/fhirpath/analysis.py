"""What can be said of an expression before it meets a resource: which elements it names do not exist."""

from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from usager_server.definitions import Definitions
from usager_server.fhirpath.ast import Call, Expression, Indexer, Member, TypeOperation, Variable, parts
from usager_server.fhirpath.lexer import refused
from usager_server.fhirpath.parser import parse

Types: TypeAlias = frozenset[str] | None  # None: nothing is known

_SAME = frozenset(
    ["where", "first", "last", "tail", "skip", "take", "single", "distinct", "sort", "trace", "exclude", "intersect"]
)
_LAMBDAS = frozenset(["where", "select", "all", "exists", "repeat", "aggregate", "sort", "trace", "iif"])
_ORDERED = frozenset(["first", "last", "tail", "skip", "take"])
_UNORDERED = frozenset({"children", "descendants"})


def check(text: str, definitions: Definitions, root_type: str) -> None:
    """Refuse an expression that names an element which its type does not have.

    Errors  Invalid (400) with the position. What cannot be known (after resolve(), on any resource) is let pass.
    """
    types = frozenset({root_type})
    _Checker(text, definitions).types(parse(text), types)


@dataclass(frozen=True, slots=True)
class _Checker:
    text: str
    definitions: Definitions

    def types(self, node: Expression, this: Types) -> Types:
        """Return the types that an expression can give, when $this is of some types."""
        match node:
            case Variable(name="this"):
                return this
            case Member():
                return self._member(node, this)
            case Call():
                return self._call(node, this)
            case Indexer(source=source):
                self._must_have_order(source, node.position)
                self.types(node.index, this)
                return self.types(source, this)
            case TypeOperation(operand=operand):
                if operand:
                    self.types(operand, this)
                return self._type_operation(node)
            case _:
                found = [self.types(part, this) for part in parts(node)]
                return self._either(found) if getattr(node, "operator", None) == "|" else None

    def _either(self, found: list[Types]) -> Types:
        known = [types for types in found if types is not None]
        return frozenset().union(*known) if known and len(known) == len(found) else None

    def _member(self, node: Member, this: Types) -> Types:
        source = self.types(node.source, this) if node.source else this
        if source is None:
            return None
        if node.source is None and node.name[:1].isupper() and node.name in self.definitions.types:
            if all(self.definitions.is_a(name, node.name) for name in source):
                return source
            self._refuse(f"{_names(source)} is no {node.name}", node.position)
        found = {
            kind
            for name in source
            for element, kind in self.definitions.property_map(name).values()
            if element.name == node.name
        }
        if not found and self._are_known(source):
            self._refuse(f"{_names(source)} has no element {node.name}", node.position)
        return None if not found or "Resource" in found else frozenset(found)

    def _are_known(self, types: frozenset[str]) -> bool:
        return not types & {"Resource", "DomainResource"} and all(name in self.definitions.types for name in types)

    def _call(self, node: Call, this: Types) -> Types:
        source = self.types(node.source, this) if node.source else this
        if node.name in _ORDERED:
            self._must_have_order(node.source, node.position)
        inner = source if node.name in _LAMBDAS else this
        given = [self.types(argument, inner) for argument in node.arguments]
        if node.name == "extension":
            return frozenset({"Extension"})
        if node.name == "select":
            return given[0] if given else None
        if node.name in ("union", "combine") and given:
            return self._either([source, given[0]])
        return source if node.name in _SAME else None

    def _must_have_order(self, source: Expression | None, position: int) -> None:
        if isinstance(source, Call) and source.name in _UNORDERED:
            self._refuse(f"{source.name}() has no order", position)

    def _type_operation(self, node: TypeOperation) -> Types:
        if node.operator == "is" or node.type.namespace == "System":
            return None
        return frozenset({node.type.name}) if node.type.name in self.definitions.types else None

    def _refuse(self, message: str, position: int) -> NoReturn:
        raise refused(message, self.text, position)


def _names(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
