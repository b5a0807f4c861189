"""The syntax of FHIRPath as frozen dataclasses: what the parser makes and the compilers read."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from usager_server.fhirpath.quantity import Quantity
from usager_server.fhirpath.temporal import Temporal

LiteralValue: TypeAlias = bool | int | Decimal | str | Temporal | Quantity


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; value None stands for the empty collection `{}`."""

    value: LiteralValue | None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """One of $this, $index, $total; name without the dollar."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class External:
    """A constant of the environment, `%resource`; name without the percent sign and the quotes."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A step to a child, `source.name`; source None is the focus. A first step may name the type of the focus."""

    source: "Expression | None"
    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function, `source.name(arguments)`; source None is the focus."""

    source: "Expression | None"
    name: str
    arguments: tuple["Expression", ...] = ()
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Indexer:
    """One item, `source[index]`."""

    source: "Expression"
    index: "Expression"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign; operator is + or -."""

    operator: str
    operand: "Expression"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; operator is one of * / div mod + - & | < > <= >= = ~ != !~ in contains and or xor implies."""

    operator: str
    left: "Expression"
    right: "Expression"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TypeName:
    """The name of a type, `FHIR.Patient`; namespace None when not written."""

    namespace: str | None
    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TypeOperation:
    """`operand is type` or `operand as type`, also when written as the functions is(), as() and ofType()."""

    operator: str
    operand: "Expression | None"
    type: TypeName
    position: int = field(default=0, compare=False)


Expression: TypeAlias = Literal | Variable | External | Member | Call | Indexer | Unary | Binary | TypeOperation


def parts(node: Expression) -> tuple[Expression, ...]:
    """Return the expressions directly inside an expression."""
    match node:
        case Member(source=source):
            return () if source is None else (source,)
        case Call(source=source, arguments=arguments):
            return arguments if source is None else (source, *arguments)
        case Indexer(source=one, index=other) | Binary(left=one, right=other):
            return (one, other)
        case Unary(operand=operand):
            return (operand,)
        case TypeOperation(operand=operand):
            return () if operand is None else (operand,)
        case _:
            return ()
