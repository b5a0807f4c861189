"""What to look for in the index tables: the meaning of a condition in hashes and ranges, without SQL.

Every leg of a lookup names the number of the resource type it is about first, so that a search over several types is
the same lookup with more legs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, Union

TypeNumber: TypeAlias = int
Hash: TypeAlias = int


@dataclass(frozen=True, slots=True)
class Tokens:
    """Resources that hold any of these tokens: (type, head, tail).

    Shape   any_system: or any of these codes, whatever the system: (type, first head, last head, bits of the code).
            selective: of the kind that few resources share (an identifier).
    """

    legs: tuple[tuple[TypeNumber, int, Hash], ...]
    any_system: tuple[tuple[TypeNumber, int, int, Hash], ...] = ()
    selective: bool = False


@dataclass(frozen=True, slots=True)
class AnyToken:
    """Resources with any token of a parameter or of one of its systems: (type, heads from, to, tails from, to)."""

    legs: tuple[tuple[TypeNumber, int, int, Hash, Hash], ...]


@dataclass(frozen=True, slots=True)
class References:
    """Resources that point at a target: (type, parameter, target)."""

    legs: tuple[tuple[TypeNumber, Hash, Hash], ...]


@dataclass(frozen=True, slots=True)
class Strings:
    """Resources with a text in a range: (type, parameter, from, to), to exclusive."""

    legs: tuple[tuple[TypeNumber, Hash, str, str], ...]


@dataclass(frozen=True, slots=True)
class Spelled:
    """Resources with a text as it is written: (type, parameter, normalised text, hash of the spelling)."""

    legs: tuple[tuple[TypeNumber, Hash, str, int], ...]


@dataclass(frozen=True, slots=True)
class Containing:
    """Resources with a text that contains any of these terms: (type, parameter); long: those of the long texts."""

    legs: tuple[tuple[TypeNumber, Hash], ...]
    long: tuple[tuple[TypeNumber, Hash], ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dates:
    """Resources with a range of time: (type, parameter, low >=, low <, high >=, high <=)."""

    legs: tuple[tuple[TypeNumber, Hash, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Resources with an interval: (type, parameter, low >=, low <=, high >=, high <=)."""

    legs: tuple[tuple[TypeNumber, Hash, float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Having:
    """Resources with any row of a parameter, whatever its value: (type, parameter)."""

    kind: Literal["reference", "string", "date", "number"]
    legs: tuple[tuple[TypeNumber, Hash], ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Locations within a distance of a point, the nearest of several points counting: (type, latitude, longitude)."""

    leg: tuple[TypeNumber, Hash, Hash]
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Ids:
    """The resources with these ids."""

    legs: tuple[tuple[TypeNumber, str], ...]


@dataclass(frozen=True, slots=True)
class Updated:
    """Resources last updated within any of these ranges of microseconds: (type, from, to), to exclusive."""

    legs: tuple[tuple[TypeNumber, int, int], ...]


@dataclass(frozen=True, slots=True)
class OfTypes:
    """Every resource of these types."""

    legs: tuple[tuple[TypeNumber], ...]


@dataclass(frozen=True, slots=True)
class Chained:
    """Resources that point, by (type, parameter), at a resource of these targets that inner finds."""

    legs: tuple[tuple[TypeNumber, Hash], ...]
    targets: tuple[TypeNumber, ...]
    inner: "Lookup"


@dataclass(frozen=True, slots=True)
class Pointed:
    """Resources of these types that one of type source, found by inner, points at by any of these parameters."""

    types: tuple[TypeNumber, ...]
    source: TypeNumber
    parameters: tuple[Hash, ...]
    inner: "Lookup"


@dataclass(frozen=True, slots=True)
class Opened:
    """The Patients (their type number) whose records a reader opened in an emergency that goes on."""

    type: TypeNumber
    reader: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What any of these finds."""

    lookups: tuple["Lookup", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """What each of these finds: the first is gathered, the others are tested on what it gives."""

    lookups: tuple["Lookup", ...]


@dataclass(frozen=True, slots=True)
class Without:
    """What this does not find."""

    inner: "Lookup"


Lookup: TypeAlias = Union[  # noqa: UP007 - a list of names reads better than a chain of bars
    Tokens,
    AnyToken,
    References,
    Strings,
    Spelled,
    Containing,
    Dates,
    Numbers,
    Having,
    Near,
    Ids,
    Updated,
    OfTypes,
    Chained,
    Pointed,
    Opened,
    AnyOf,
    AllOf,
    Without,
]


NOTHING = Ids(())
"""What finds no resource at all."""

Limits: TypeAlias = Callable[[Sequence[str], str], Lookup | None]
"""Of resources of these types, those within reach for a letter of SMART scopes ("r", "s"); None: every one of them."""


def intersection(one: Lookup, other: Lookup) -> Lookup | None:
    """Return what both of two range lookups on the same values find, None when they are of another kind."""
    match one, other:
        case Dates(mine), Dates(theirs):
            return Dates(tuple((*a[:2], *ends) for a in mine for b in theirs if (ends := _both(a, b))))
        case Numbers(ours), Numbers(others):
            return Numbers(tuple((*a[:2], *ends) for a in ours for b in others if (ends := _both(a, b))))
        case Updated(mine_), Updated(theirs_):
            pairs = [(a, b) for a in mine_ for b in theirs_ if a[0] == b[0]]
            return Updated(tuple((a[0], max(a[1], b[1]), min(a[2], b[2])) for a, b in pairs))
    return None


def _both(one: Any, other: Any) -> Any:
    """Return the bounds that meet both, None when nothing can."""
    low, high = max(one[2], other[2]), min(one[3], other[3])
    least, most = max(one[4], other[4]), min(one[5], other[5])
    return (low, high, least, most) if one[:2] == other[:2] and low <= high and least <= most else None
