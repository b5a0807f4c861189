"""Three-character pieces of string values, as numbers: what `:contains` finds values by."""

from collections.abc import Iterable

CHARACTER_BITS = 21  # any code point; three fit a bigint exactly, so no hash and no collision
KNOWN_LIMIT = 100_000


def gram_number(piece: str) -> int:
    """Return the number of three characters; a shorter piece stands for itself at the end of a value."""
    first, second, third = (ord(character) for character in piece.ljust(3, "\0"))
    return (first << CHARACTER_BITS | second) << CHARACTER_BITS | third


def grams(value: str) -> set[int]:
    """Return the numbers of every piece of a value, its last two characters and its last one included.

    Order   a text of one or two characters occurs in the value when a gram lies in `gram_range` of it.
    """
    return {gram_number(value[start : start + 3]) for start in range(len(value))}


def gram_range(piece: str) -> tuple[int, int]:
    """Return (first, last) of the grams that begin with one, two or three characters, last included."""
    missing = CHARACTER_BITS * (3 - len(piece[:3]))
    low = gram_number(piece[:3])
    return low, low | ((1 << missing) - 1)


class KnownValues:
    """The values whose grams are surely stored, so that common names cost nothing; forgets all when full."""

    def __init__(self, limit: int = KNOWN_LIMIT) -> None:
        self._limit = limit
        self._known: set[tuple[int, str]] = set()

    def unknown(self, tenant: int, values: Iterable[str]) -> list[str]:
        """Return the distinct values not known yet."""
        known = self._known
        return [value for value in dict.fromkeys(values) if (tenant, value) not in known]

    def learn(self, tenant: int, values: Iterable[str]) -> None:
        """Remember values whose grams were committed."""
        if len(self._known) > self._limit:
            self._known.clear()
        self._known.update((tenant, value) for value in values)
