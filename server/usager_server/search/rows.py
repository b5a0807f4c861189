"""The index rows of one resource while they are gathered."""

from collections.abc import Callable
from typing import Any

from usager_server.search.hashing import code_hasher, reference_hasher, spelling_hasher, split, system_hasher
from usager_server.search.index import IndexRows


class Rows:
    """Where the writers of one resource put what they find; `finished` takes doubles away.

    Shape   code, system, reference and spelling hash texts of the tenant (`hashing.py`); tokens are whole ones.
    """

    __slots__ = (
        "code",
        "contained",
        "dates",
        "numbers",
        "reference",
        "references",
        "resource",
        "spelling",
        "strings",
        "system",
        "tokens",
    )

    def __init__(self, resource: dict[str, Any], tenant: int) -> None:
        self.resource = resource
        self.code = code_hasher(tenant)
        self.system = system_hasher(tenant)
        self.reference = reference_hasher(tenant)
        self.spelling = spelling_hasher(tenant)
        self.tokens: list[int] = []
        self.references: list[tuple[int, int]] = []
        self.strings: list[tuple[int, str, int]] = []
        self.dates: list[tuple[int, int, int]] = []
        self.numbers: list[tuple[int, float, float]] = []
        self.contained: list[str] = []

    def finished(self) -> IndexRows:
        """Return the rows, each once."""
        return IndexRows(
            tokens=[split(token) for token in dict.fromkeys(self.tokens)],
            references=list(dict.fromkeys(self.references)),
            strings=list(dict.fromkeys(self.strings)),
            dates=list(dict.fromkeys(self.dates)),
            numbers=list(dict.fromkeys(self.numbers)),
            contained=list(dict.fromkeys(self.contained)),
        )


Writer = Callable[[Any, Rows], None]
"""Takes one value of a resource and puts its rows where they belong."""
