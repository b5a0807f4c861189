"""The table of functions, which the other files of this folder fill."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from usager_server.fhirpath.nodes import Items

Implementation = Callable[..., Items]
_Any = TypeVar("_Any", bound=Implementation)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of FHIRPath.

    Shape   apply(frame, source, *arguments): source is the input collection, each argument a closure that the function
            calls with the frame it chooses. minimum and maximum count the arguments.
    """

    name: str
    minimum: int
    maximum: int
    apply: Implementation


FUNCTIONS: dict[str, Function] = {}


def function(name: str, minimum: int = 0, maximum: int | None = None) -> Callable[[_Any], _Any]:
    """Enter a function in the table under its FHIRPath name."""

    def enter(implementation: _Any) -> _Any:
        most = minimum if maximum is None else maximum
        FUNCTIONS[name] = Function(name, minimum, most, implementation)
        return implementation

    return enter
