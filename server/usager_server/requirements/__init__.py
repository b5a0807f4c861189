"""What the référencement asks: the facts about each requirement, the ledgers that answer, `@fulfils` on the code."""

from collections.abc import Callable
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])


def fulfils(*requirement_ids: str) -> Callable[[Function], Function]:
    """Mark the function that would change if one of these requirements did. It is read, never called upon."""

    def mark(function: Function) -> Function:
        function.__dict__["__fulfils__"] = (*requirement_ids, *getattr(function, "__fulfils__", ()))
        return function

    return mark
