"""What a person is found by when names or dates are only alike: short keys that a Patient leaves among its tokens.

A key is met by an equality, so that candidates among a million persons are a few hundred probes of one index:

- how a name sounds at its beginning, with the birth date, for every part of every name: two or three keys. A search
  tries the dates that are easily taken for the one it was given;
- a family name with a first given name, in either order, by their whole sound: one key, mostly. It finds those whose
  date is another altogether, or unknown.

A record that another one replaces leaves none.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import product
from typing import Any

from usager_server.search.hashing import code_hasher, split, system_hasher, token_base
from usager_server.search.names import ALIKE
from usager_server.search.rows import Rows
from usager_server.search.sounds import sound
from usager_server.search.words import normalise

TYPE = "Patient"
EDITION = "1"
"""To be raised when a Patient leaves other keys: those that are stored are then indexed anew (`editions.py`)."""

BEGINNING = 2
"""Letters of a sound that go with a date: with them a day's few dozen births become one or two."""

DAYS = 3
"""Days that a birth date may be beside the one looked for."""

PARTS_MOST = 8
"""Parts of names, and pairs of names, that leave keys: who has more is found by the first ones."""

NOT_NAMES = frozenset(("d", "de", "del", "des", "di", "du", "el", "l", "la", "le", "les", "van", "von", "y"))
"""Words of a name that hundreds of others begin with."""

IDENTIFIED, DATED, NEARLY_DATED, PAIRED = 40, 3, 2, 4
"""How much it says to meet a key, to take the most alike first: the reader compares what was found, trait by trait."""

Probe = tuple[int, int, int]
"""A token to look for, head and tail, and how much it says."""

_BASE = token_base(TYPE, ALIKE)
_IDENTIFIER = token_base(TYPE, "identifier")


def write_likeness(patient: dict[str, Any], rows: Rows) -> None:
    """Put the keys of a Patient among its tokens."""
    if is_replaced(patient):
        return
    born = completed(patient.get("birthDate"))
    texts = [*_dated(patient, (born,) if born else ()), *_paired(patient)]
    rows.tokens += [_BASE | rows.code(text) for text in texts]


def is_replaced(patient: Mapping[str, Any]) -> bool:
    """Say whether another record stands for this one."""
    return any(link.get("type") == "replaced-by" for link in patient.get("link", ()))


def probes(patient: Mapping[str, Any], tenant: int) -> list[Probe]:
    """Return what finds the records that may be this person's: a few hundred tokens."""
    born = completed(patient.get("birthDate"))
    near = near_dates(born) if born else ()
    code = code_hasher(tenant)
    found = [(_BASE | code(text), PAIRED) for text in _paired(patient)]
    found += [(_BASE | code(text), DATED) for text in _dated(patient, (born,) if born else ())]
    found += [(_BASE | code(text), NEARLY_DATED) for text in _dated(patient, near)]
    found += [(token, IDENTIFIED) for token in _identifiers(patient, tenant)]
    return [(*split(token), weight) for token, weight in found]


def namesake_probes(patient: Mapping[str, Any], tenant: int) -> list[Probe]:
    """Return what finds the records of the same birth date whose names begin alike; nothing without a whole date."""
    born, code = patient.get("birthDate"), code_hasher(tenant)
    days = (born,) if isinstance(born, str) and born == completed(born) else ()
    return [(*split(_BASE | code(text)), DATED) for text in _dated(patient, days)]


def completed(text: Any) -> str | None:
    """Return a birth date as a day, None when there is none.

    Source  RNIV: of a year the last day, of a month the first one.
    """
    if not isinstance(text, str):
        return None
    whole = f"{text}-12-31" if len(text) == 4 else f"{text}-01" if len(text) == 7 else text
    try:
        date.fromisoformat(whole)
    except ValueError:
        return None
    return whole


def near_dates(born: str) -> list[str]:
    """Return the days that are easily taken for this one.

    Shape   day and month swapped; one digit, two digits in the wrong order, the century; up to three days before or
            after; what stands for a date that is known in part.
    """
    year, month, day = born[:4], born[5:7], born[8:]
    written = {(year, day, month), (year, month, "01"), (year, "01", day), (year, "12", "31")}
    written |= {(other, month, day) for other in _years(year)}
    written |= {(year, other, day) for other in _one_digit(month)} | {(year, month, other) for other in _one_digit(day)}
    near = {text for parts in written if (text := completed("-".join(parts))) is not None}
    moment = date.fromisoformat(born)
    if date.min.year < moment.year < date.max.year:
        near |= {(moment + timedelta(days)).isoformat() for days in range(-DAYS, DAYS + 1)}
    return sorted(near - {born})


def _years(year: str) -> list[str]:
    century, rest = year[:2], year[2:]
    others = [century + other for other in (*_one_digit(rest), rest[::-1])]
    return [*others, f"{int(year) - 100:04}", f"{int(year) + 100:04}"]


def _one_digit(two: str) -> list[str]:
    """Return the numbers of two digits that differ from this one by one of them."""
    return [*(digit + two[1] for digit in "0123456789"), *(two[0] + digit for digit in "0123456789")]


def _dated(patient: Mapping[str, Any], days: Iterable[str]) -> list[str]:
    beginnings = {sound(part)[:BEGINNING]: None for name in _names(patient) for part in _parts(name)}
    kept = [each for each in beginnings if each][:PARTS_MOST]
    return [f"{beginning}\0{day}" for day in days for beginning in kept]


def _paired(patient: Mapping[str, Any]) -> list[str]:
    """Return a text for each family name with each first given name, the same whichever of both comes first."""
    families = [part for name in _families(patient) for part in _parts(name)]
    firsts = [part for name in _first_givens(patient) for part in _parts(name)[:2]]
    pairs = product(dict.fromkeys(map(sound, families)), dict.fromkeys(map(sound, firsts)))
    return list(dict.fromkeys("\1".join(sorted(pair)) for pair in pairs if all(pair)))[:PARTS_MOST]


def _families(patient: Mapping[str, Any]) -> Iterator[str]:
    return (name["family"] for name in patient.get("name") or () if isinstance(name.get("family"), str))


def _first_givens(patient: Mapping[str, Any]) -> Iterator[str]:
    for name in patient.get("name") or ():
        yield from [each for each in name.get("given") or () if isinstance(each, str)][:1]


def _names(patient: Mapping[str, Any]) -> Iterator[str]:
    """Yield every family name and given name, those of the list of birth given names too."""
    yield from _families(patient)
    for name in patient.get("name") or ():
        yield from (each for each in name.get("given") or () if isinstance(each, str))
        yield from (text for it in name.get("extension") or () if isinstance(text := it.get("valueString"), str))


def _parts(name: str) -> list[str]:
    """Return a name without its spaces, and its words that tell something."""
    words = normalise(name).split()
    telling = [word for word in words if word not in NOT_NAMES and len(word) > 1]
    return [*dict.fromkeys(("".join(words), *telling))]


def _identifiers(patient: Mapping[str, Any], tenant: int) -> Iterator[int]:
    code, system = code_hasher(tenant), system_hasher(tenant)
    for each in patient.get("identifier") or ():
        named, value = each.get("system"), each.get("value")
        if isinstance(named, str) and isinstance(value, str) and named and value:
            yield _IDENTIFIER | system(named) | code(value.casefold())
