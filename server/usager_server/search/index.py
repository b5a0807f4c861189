"""What a resource leaves in the index tables."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class IndexRows:
    """The index rows of one version of one resource, by table.

    Shape   tokens: (head, tail), the 96 bits of a parameter, a system and a code (`search/hashing.py`);
            the rest: (parameter, ...) with parameter the 64-bit hash of (type, parameter name).
            references: (parameter, target), target the 64-bit hash of "Type/id".
            strings: (parameter, normalised value, hash of the spelling or 0). dates: (parameter, low, high) in
            microseconds since 1970 UTC, high exclusive. numbers: (parameter, low, high) as floats, quantities in
            canonical units. contained: the strings among them that `:contains` finds by their grams.
    """

    tokens: list[tuple[int, int]] = field(default_factory=list)
    references: list[tuple[int, int]] = field(default_factory=list)
    strings: list[tuple[int, str, int]] = field(default_factory=list)
    dates: list[tuple[int, int, int]] = field(default_factory=list)
    numbers: list[tuple[int, float, float]] = field(default_factory=list)
    contained: list[str] = field(default_factory=list)
