"""The walk through one resource: what a checker deep inside must know of the whole."""

from collections.abc import Callable, Mapping
from typing import Any

from usager_server.validation.findings import Findings

Check = Callable[[Any, "Walk"], Findings | None]
"""Takes a raw JSON value and the walk it is met on; returns what is wrong, or None."""

Predicate = Callable[[dict[str, Any], "Walk"], bool]
"""Tells whether an invariant holds for a node."""

# Resources, backbone elements, references and extensions inside one another: some 70 levels of JSON at most. The door
# counts levels exactly; this is what protects the walk itself. The deepest HL7 example has 22 levels of JSON.
DEPTH_LIMIT = 30


class Walk:
    """The resource being checked.

    Shape   container is the resource that holds the contained ones (%rootResource), resource that at hand (%resource).
            contained holds the contained resources by their ids, bundle the resources of a Bundle by what may be
            written in a reference to them.
    """

    __slots__ = ("bundle", "contained", "container", "depth", "resource")

    def __init__(self, resource: dict[str, Any], depth: int = 0, bundle: Mapping[str, Any] | None = None) -> None:
        self.container = self.resource = resource
        self.depth = depth
        self.bundle = bundle or {}
        self.contained: dict[str, dict[str, Any]] = {}
        inner = resource.get("contained")
        if type(inner) is list:
            for each in inner:
                if type(each) is dict and type(each.get("id")) is str:
                    self.contained.setdefault(each["id"], each)
