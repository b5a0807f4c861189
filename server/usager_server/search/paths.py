"""Search expressions that are paths: FHIRPath syntax -> typed steps over raw JSON, one branch per type of a choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from usager_server.definitions import Definitions, Element
from usager_server.fhirpath.ast import (
    Binary,
    Call,
    Expression,
    External,
    Indexer,
    Literal,
    Member,
    TypeOperation,
)


class NotAPathError(Exception):
    """The expression is more than a path: the full evaluator has to read it."""


@dataclass(frozen=True, slots=True)
class Child:
    """Down into a JSON property; many: it holds a list. element is its name without the type of a choice.

    Shape   binding is the value set of a bound code.
    """

    key: str
    many: bool
    element: str = ""
    required: bool = False
    binding: str | None = None


@dataclass(frozen=True, slots=True)
class At:
    """One item of the list that the step before holds."""

    index: int


@dataclass(frozen=True, slots=True)
class Equals:
    """Only the objects whose property is this value."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class PointsAt:
    """Only the References to this type of resource: `where(resolve() is X)`."""

    type: str


Step = Child | At | Equals | PointsAt


@dataclass(frozen=True, slots=True)
class Branch:
    """A way down from the focus to values of one FHIR type; from_root: from the resource, whatever the focus."""

    type: str
    steps: tuple[Step, ...] = ()
    from_root: bool = False

    @property
    def json_path(self) -> str | None:
        """The keys from the resource down, dotted, when nothing is filtered on the way."""
        keys = [step.key for step in self.steps if isinstance(step, Child)]
        return ".".join(keys) if len(keys) == len(self.steps) else None


def branches(definitions: Definitions, expression: Expression, focus: str) -> Sequence[Branch]:
    """Return the branches of an expression read on a value of type focus; none when it is about another type.

    Errors  NotAPathError when the expression is more than paths.
    """
    return _Reader(definitions, focus).read(expression)


@dataclass(frozen=True, slots=True)
class _Reader:
    definitions: Definitions
    focus: str

    def read(self, expression: Expression | None) -> Sequence[Branch]:
        match expression:
            case None:
                return (Branch(self.focus),)
            case Binary("|", left, right):
                return (*self.read(left), *self.read(right))
            case Member(source, name):
                return self.member(source, name)
            case External("resource"):
                return (Branch(self.focus.split(".")[0], from_root=True),)
            case TypeOperation("as" | "ofType", operand, named):
                return self.of_type(self.read(operand), named.name)
            case Indexer(source, Literal(int(index))):
                return self.at(source, index)
            case Call(source, "first", ()) if source is not None:
                return self.at(source, 0)
            case Call(source, "where", (test,)):
                step = self.test(test)
                return [replace(branch, steps=(*branch.steps, step)) for branch in self.read(source)]
            case Call(source, "extension", (Literal(str(url)),)):
                inside = self.member(source, "extension")
                return [replace(branch, steps=(*branch.steps, Equals("url", url))) for branch in inside]
        raise NotAPathError(repr(expression))

    def member(self, source: Expression | None, name: str) -> Sequence[Branch]:
        if source is None and name[0].isupper():
            return (Branch(self.focus),) if self.definitions.is_a(self.focus, name) else ()
        return [child for branch in self.read(source) for child in self.children(branch, name)]

    def children(self, branch: Branch, name: str) -> Sequence[Branch]:
        if not self.definitions.property_map(branch.type):
            raise NotAPathError(f"nothing is known of the children of {branch.type}")
        return [
            replace(branch, type=kind, steps=(*branch.steps, _child(key, element)))
            for key, (element, kind) in self.definitions.property_map(branch.type).items()
            if element.name == name
        ]

    def of_type(self, found: Sequence[Branch], name: str) -> Sequence[Branch]:
        # "DateTime" is written for dateTime in Observation.code-value-date.
        names = {name, name[0].lower() + name[1:]}
        return [branch for branch in found if names & set(self.definitions.ancestors(branch.type))]

    def at(self, source: Expression, index: int) -> Sequence[Branch]:
        return [replace(branch, steps=(*branch.steps, At(index))) for branch in self.read(source)]

    def test(self, expression: Expression) -> Step:
        match expression:
            case Binary("=", Member(None, name), Literal(value)) if isinstance(value, str | bool):
                return Equals(name, value)
            case TypeOperation("is", Call(None, "resolve", ()), named):
                return PointsAt(named.name)
        raise NotAPathError(repr(expression))


def _child(key: str, element: Element) -> Child:
    return Child(key, element.max is None, element.name, element.min > 0 and not element.choice, element.binding)
