"""The people that the stand-in knows: the public test persons of INSi, and those that a test adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NIR, NIA = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"
FOUND, NOBODY, SEVERAL = "00", "01", "02"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody.

    Shape   asked: the given names under which a search finds them; given_names the list of the answer. number has 15
            characters. history: the numbers before, with when they began and ended.
    """

    birth_name: str
    given_names: str
    asked: tuple[str, ...]
    sex: str
    birth_date: str
    birth_place: str
    number: str
    oid: str = NIR
    history: tuple[tuple[str, str, str], ...] = ()


TEST_PERSONS: Sequence[Person] = (
    Person("ADRUN", "ZOE", ("ZOE",), "F", "1975-12-31", "63220", "275126322074974"),
    Person(
        "ECETINSI", "PIERRE-ALAIN MURIEL FLORIANT", ("PIERRE-ALAIN",), "M", "2009-07-14", "63220", "109076322083489",
        history=(("209076322083489", "2009-07-14", "2019-03-01"), ("109076322083489", "2019-03-01", "")),
    ),
    Person("NESSI", "MICHELANGELO ANTHONY", ("MICHELANGELO",), "M", "2010-08-07", "63220", "110086322083060"),
    Person("TCHITCHI", "CATARINA BELLA", ("CATARINA", "CATARINA BELLA"), "F", "1936-06-21", "63220", "236066322083656"),
    Person("HOUILLES", "PIERRE PAUL JACQUES", (), "M", "1993-01-27", "63220", ""),
    Person("CORSE", "ANTHONY", ("ANTHONY",), "M", "1980-03-02", "2B020", "180032B02040123"),
    Person("ADRTROIS", "DOMINIQUE", ("DOMINIQUE",), "F", "1997-02-26", "2A020", "297022A02077878"),
    Person(
        "HERMANN", "GATIEN", ("GATIEN",), "M", "1981-03-24", "63220", "181036322045660",
        history=(("281036322045660", "1981-03-24", "2001-01-01"), ("181036322045661", "2010-05-01", "2009-01-01")),
    ),
    Person("PROVISOIRE", "MATRICULE", ("MATRICULE",), "M", "2009-07-01", "63220", "109076322088835", NIA),
    Person(
        "D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", ("PIERRE-ALAIN",), "M", "2001-06-17", "63220", "101066322083774",
    ),
)  # fmt: skip
"""Nine are found, the tenth never. Their numbers are public test data; that of the last one is invented here."""


def found_among(
    persons: Sequence[Person], birth_name: str, given_names: Sequence[str], sex: str, birth_date: str, place: str
) -> tuple[str, Person | None]:
    """Return the code of a search, and whom it found."""
    asked = " ".join(given_names)
    matching = [
        it
        for it in persons
        if (it.birth_name, it.sex, it.birth_date) == (birth_name, sex, birth_date)
        and asked in it.asked
        and place in ("", it.birth_place)
    ]
    if not matching:
        return NOBODY, None
    return (FOUND, matching[0]) if len(matching) == 1 else (SEVERAL, None)


def bearer_of(persons: Sequence[Person], number: str, oid: str) -> Person | None:
    """Return who bears a number now, or None."""
    return next((it for it in persons if it.number and (it.number, it.oid) == (number, oid)), None)


def person_of(given: Any) -> Person:
    """Return somebody that a test adds. Errors: ValueError, which says what would be right."""
    wanted = ("birth_name", "given_names", "sex", "birth_date", "birth_place", "number")
    if not isinstance(given, Mapping) or not set(wanted) <= given.keys():
        raise ValueError(f"a person is an object with {', '.join(wanted)}, and oid when it is not a NIR")
    texts = {name: str(given[name]) for name in wanted}
    first = texts["given_names"].split(" ")[0]
    asked = tuple(given.get("asked", (first, texts["given_names"])))
    history = tuple((str(a), str(b), str(c)) for a, b, c in given.get("history", ()))
    return Person(**texts, asked=asked, oid=str(given.get("oid", NIR)), history=history)
