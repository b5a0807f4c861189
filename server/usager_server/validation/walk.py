"""The walk through one resource: what a checker deep inside must know of the whole."""

from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any

from usager_server.errors import TooCostly
from usager_server.validation.findings import Findings
from usager_server.validation.limits import CHECK_SECONDS

Check = Callable[[Any, "Walk"], Findings | None]
"""Takes a raw JSON value and the walk it is met on; returns what is wrong, or None."""

Predicate = Callable[[dict[str, Any], "Walk"], bool]
"""Tells whether an invariant holds for a node."""

BETWEEN_LOOKS = 500


class Clock:
    """What the check of one resource may take, all that is in it included.

    Unit    seconds of this thread's own processor time, so that a busy machine refuses nothing that a quiet one takes.
    """

    __slots__ = ("_began", "_seconds", "left")

    def __init__(self, seconds: float = CHECK_SECONDS) -> None:
        self._seconds = seconds
        self._began = thread_time()
        self.left = BETWEEN_LOOKS

    def look(self) -> None:
        """See that there is time; called when `left`, which whoever goes through items takes from, is below zero.

        Errors  TooCostly.
        """
        self.left = BETWEEN_LOOKS
        self.remaining()

    def remaining(self) -> float:
        """Return the seconds that are left. Errors: TooCostly."""
        seconds = self._began + self._seconds - thread_time()
        if seconds <= 0:
            raise TooCostly(f"The check takes more than {self._seconds:g} s")
        return seconds


class Walk:
    """The resource being checked.

    Shape   container is the resource that holds the contained ones (%rootResource), resource that at hand (%resource).
            contained holds the contained resources by their ids, bundle the resources of a Bundle by what may be
            written in a reference to them. clock is shared by all that is checked for the sake of one resource.
    """

    __slots__ = ("bundle", "clock", "contained", "container", "depth", "resource")

    def __init__(
        self,
        resource: dict[str, Any],
        depth: int = 0,
        bundle: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.container = self.resource = resource
        self.depth = depth
        self.bundle = bundle or {}
        self.contained: dict[str, dict[str, Any]] = {}
        inner = resource.get("contained")
        if type(inner) is list:
            for each in inner:
                if type(each) is dict and type(each.get("id")) is str:
                    self.contained.setdefault(each["id"], each)
