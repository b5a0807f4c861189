"""What an expression works on: nodes of a JSON tree that know their type and place, and the frame of an evaluation.

A collection is a list of items: Nodes for what comes from a resource, plain Python values for what the expression makes
(bool, int, Decimal, str, Temporal, Quantity, TypeInfo).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from time import thread_time
from typing import Any, TypeAlias

from usager_server.definitions import Definitions
from usager_server.errors import TooCostly
from usager_server.fhirpath.quantity import Quantity
from usager_server.fhirpath.temporal import Temporal

Items: TypeAlias = list[Any]

EMPTY: Items = []
TRUE: Items = [True]
FALSE: Items = [False]
NOTHING = object()  # what $this is while a function looks at an empty collection


_BETWEEN_LOOKS = 500


class Failure(Exception):  # the compiler turns it into Invalid, with the position
    """What an operator or a function cannot do with its input."""


class Node:
    """A place in a JSON tree.

    Shape   value is the JSON value (None when a primitive has only extensions), extra the `_` sibling of a primitive;
            type the FHIR code ("string", "Patient.contact"), or "System.Integer" and the like for a value that an
            expression made. parent, key and index say where it stands: under key in its parent, at index when a list.
    """

    __slots__ = ("extra", "index", "key", "parent", "type", "value")

    def __init__(
        self,
        value: Any,
        type: str,  # the field's own name
        parent: "Node | None" = None,
        key: str | None = None,
        index: int | None = None,
        extra: Any = None,
    ) -> None:
        self.value = value
        self.type = type
        self.parent = parent
        self.key = key
        self.index = index
        self.extra = extra

    def __repr__(self) -> str:
        return f"Node({self.path}: {self.type} = {self.value!r:.60})"

    @property
    def path(self) -> str:
        """Return where the node stands, by JSON names: Patient.name[0].given[1], Patient.deceasedBoolean."""
        return self._path(lambda node: node.key or "")

    def expression(self, definitions: Definitions) -> str:
        """Return where the node stands, as FHIRPath: Patient.deceased, not Patient.deceasedBoolean."""
        return self._path(lambda node: _element_name(node, definitions))

    def _path(self, name: "Callable[[Node], str]") -> str:
        if self.parent is None:
            return self.type
        step = f"{self.parent._path(name)}.{name(self)}"
        return step if self.index is None else f"{step}[{self.index}]"

    @property
    def holder(self) -> dict[str, Any] | None:
        """Return the JSON object in which `key` stands: the parent's, or the `_` sibling of a primitive parent."""
        if self.parent is None:
            return None
        found = self.parent.value if isinstance(self.parent.value, dict) else self.parent.extra
        return found if isinstance(found, dict) else None


def _element_name(node: Node, definitions: Definitions) -> str:
    key = node.key or ""
    known = definitions.property_map(node.parent.type).get(key) if node.parent else None
    return known[0].name if known else key


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What type() answers."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What an evaluation may know besides its focus.

    Shape   resource and root_resource are %resource and %rootResource when the focus is a part (or contained);
            variables are further %constants, each a value or a list; resolve gives the resource of a reference;
            conforms_to answers for profiles, safe_narrative for htmlChecks(); trace sees what trace() names.
            budget is how many nodes may be visited, and seconds how long it may take of this thread's processor time;
            strict refuses `as` on several items.
    """

    resource: "Node | None" = None
    root_resource: "Node | None" = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    resolve: Callable[[str], Mapping[str, Any] | None] | None = None
    conforms_to: Callable[[Node, str], bool | None] | None = None
    safe_narrative: Callable[[str], bool] | None = None
    trace: Callable[[str, Sequence[Any]], None] | None = None
    now: datetime | None = None
    budget: int = 5_000_000
    seconds: float = 10.0
    strict: bool = False


class Run:
    """One evaluation: its environment, and what is left of its budget."""

    __slots__ = ("_end", "_look_at", "_now", "budget", "context", "definitions", "environment")

    def __init__(self, definitions: Definitions, environment: Environment, context: Node) -> None:
        self.definitions = definitions
        self.environment = environment
        self.context = context
        self.budget = environment.budget
        self._look_at = self.budget - _BETWEEN_LOOKS
        self._end = 0.0
        self._now = environment.now

    def spend(self, amount: int) -> None:
        """Take from the budget. Errors: TooCostly (403)."""
        self.budget -= amount + 1
        if self.budget < self._look_at:
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        self._end = self._end or thread_time() + self.environment.seconds
        self._look_at = self.budget - _BETWEEN_LOOKS
        if self.budget < 0:
            raise TooCostly(f"FHIRPath: the expression visits more than {self.environment.budget} nodes")
        if thread_time() > self._end:
            raise TooCostly(f"FHIRPath: the expression takes more than {self.environment.seconds:g} s")

    @property
    def now(self) -> datetime:
        """Return the one instant at which this evaluation takes place."""
        if self._now is None:
            self._now = datetime.now(UTC)
        return self._now

    @property
    def resource(self) -> Node:
        """Return the nearest resource around the focus: %resource."""
        found = self.environment.resource or self.context
        while found.parent is not None and not self.definitions.is_a(found.type, "Resource"):
            found = found.parent
        return found

    @property
    def root_resource(self) -> Node:
        """Return the resource that contains %resource, or %resource itself: %rootResource."""
        found = self.environment.root_resource or self.resource
        return found.parent if found.key == "contained" and found.parent is not None else found


class Frame:
    """What $this, $index and $total stand for at one point of a run."""

    __slots__ = ("index", "run", "this", "total")

    def __init__(self, this: Any, index: int | None, total: Items, run: Run) -> None:
        self.this = this
        self.index = index
        self.total = total
        self.run = run


Compiled: TypeAlias = Callable[[Frame], Items]
SystemValue: TypeAlias = bool | int | Decimal | str | Temporal | Quantity | TypeInfo
