"""Whether a version that no index holds, a superseded one or one still to be written, is within reach.

It is asked of the index rows that the version itself leaves.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from usager_server.search.hashing import CODE_MASK
from usager_server.search.index import IndexRows
from usager_server.search.lookups import (
    AllOf,
    AnyOf,
    AnyToken,
    Chained,
    Dates,
    Ids,
    Lookup,
    OfTypes,
    Opened,
    Pointed,
    References,
    Tokens,
    Without,
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a resource: the number of its type, its id, what it leaves in the index or would leave.

    Shape   is_stored: it is a version of what is within reach now; else it is still to be written.
    """

    type: int
    id: str
    rows: IndexRows
    is_stored: bool = True


def chained_in(lookup: Lookup) -> Iterator[Chained]:
    """Yield the conditions of a reach that lead to another resource."""
    match lookup:
        case Chained():
            yield lookup
        case AnyOf(lookups) | AllOf(lookups):
            for one in lookups:
                yield from chained_in(one)


def pointed_by(chained: Chained, version: Version) -> set[int]:
    """Return the hashes of what a version points at by the parameters of a chain."""
    legs = {leg[1] for leg in chained.legs if leg[0] == version.type}
    return {target for parameter, target in version.rows.references if parameter in legs}


def holds(lookup: Lookup, version: Version, open_persons: Collection[int]) -> bool:
    """Say whether a version is within reach; what this cannot tell is not.

    Shape   open_persons: the hashes of the Patients, among those that versions point at, that are within reach. A
            Patient whose current version is within the rights of a person is so in all its versions: it is one person.
    """
    rows, kind = version.rows, version.type
    match lookup:
        case Tokens(legs, any_system):
            held = set(rows.tokens)
            return any((head, tail) in held for number, head, tail in legs if number == kind) or any(
                low <= head <= high and tail & CODE_MASK == code
                for number, low, high, code in any_system
                if number == kind
                for head, tail in held
            )
        case AnyToken(legs):
            return any(
                low <= head <= high and least <= tail <= most
                for number, low, high, least, most in legs
                if number == kind
                for head, tail in rows.tokens
            )
        case References(legs):
            pointing = set(rows.references)
            return any((parameter, target) in pointing for number, parameter, target in legs if number == kind)
        case Dates(legs):
            return any(
                (number, parameter) == (kind, name) and a <= low < b and c <= high <= d
                for number, parameter, a, b, c, d in legs
                for name, low, high in rows.dates
            )
        case Ids(legs):
            return (kind, version.id) in legs
        case OfTypes(legs):
            return (kind,) in legs
        case Chained():
            return not pointed_by(lookup, version).isdisjoint(open_persons)
        case Pointed(types):
            return version.is_stored and kind in types
        case Opened(number):
            return version.is_stored and kind == number
        case AnyOf(lookups):
            return any(holds(one, version, open_persons) for one in lookups)
        case AllOf(lookups):
            return all(holds(one, version, open_persons) for one in lookups)
        case Without(inner):
            return not holds(inner, version, open_persons)
    return False
