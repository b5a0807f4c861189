"""Validation in two depths, structure (R4 itself) and profile (StructureDefinitions): a resource in, issues out."""

from collections.abc import Sequence
from typing import Any, Protocol

from usager_server.errors import Issue


class Validator(Protocol):
    """Checks one resource; built once, at start-up, from the definitions and the installed profiles.

    Errors  TooCostly, of each method, when it takes more than so many seconds of processor time.
    """

    def structure(
        self, resource: dict[str, Any], expected_type: str | None = None, *, seconds: float = ...
    ) -> Sequence[Issue]:
        """Return what breaks R4: elements, cardinalities, types, primitives, bindings, references, invariants."""
        ...

    def profiles(
        self, resource: dict[str, Any], profiles: Sequence[str] = (), *, seconds: float = ...
    ) -> Sequence[Issue]:
        """Return what breaks the profiles named by meta.profile, and those given besides."""
        ...

    def advice(self, resource: dict[str, Any], *, seconds: float = ...) -> Sequence[Issue]:
        """Return the warnings of R4 for a resource that breaks nothing: best practice, never a refusal."""
        ...

    def knows(self, canonical: str) -> bool:
        """Tell whether a profile, or the R4 type of that canonical, can be checked here."""
        ...
