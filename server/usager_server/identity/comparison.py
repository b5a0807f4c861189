"""An identity received, compared with the local one, trait by trait."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from usager_server.identity.lexical import compared, is_consistent
from usager_server.identity.traits import STRICT, Traits

Verdict = Literal["concordant", "different", "absent"]
NAMES = ("birth_name", "first_birth_given_name", "birth_given_names")

SamePlace = Callable[[str, str], bool]
"""Says of two codes of the COG whether they are one place, whose code changed."""


class Compared(NamedTuple):
    """One trait by its name in Traits, what each side says of it, and whether they agree; absent: one is silent."""

    trait: str
    local: str
    received: str
    verdict: Verdict


def compare(local: Traits, received: Traits, same_place: SamePlace | None = None) -> list[Compared]:
    """Return the strict traits of two identities side by side, in the order of STRICT.

    Shape   names agree whatever their case, accents, hyphens and apostrophes. INSi often leaves the first given name
            out: the list of given names then speaks for it. Places agree when they are one, if it can be asked.
    """
    return [
        Compared(name, getattr(local, name), getattr(received, name), _verdict(name, local, received, same_place))
        for name in STRICT
    ]


def is_same_person(local: Traits, received: Traits, same_place: SamePlace | None = None) -> bool:
    """Say whether no strict trait differs."""
    return all(each.verdict != "different" for each in compare(local, received, same_place))


def _verdict(name: str, local: Traits, received: Traits, same_place: SamePlace | None) -> Verdict:
    one, other = getattr(local, name), getattr(received, name)
    if name == "first_birth_given_name" and one and received.birth_given_names:
        return "concordant" if is_consistent(one, received.birth_given_names) else "different"
    if not one or not other:
        return "absent"
    if name in NAMES:
        return "concordant" if compared(one) == compared(other) else "different"
    agree = one == other or (name == "birth_place" and same_place is not None and same_place(one, other))
    return "concordant" if agree else "different"
