"""Names under which index rows are hashed, spelled here only: a write and a search must agree on them."""

from usager_server.units.ucum import UCUM, Unit

ANY_SYSTEM = "\x02"

TEXT = ":text"
IDENTIFIER = ":identifier"
OF_TYPE = ":of-type"
TOKEN_SUFFIXES = ("", IDENTIFIER, OF_TYPE)
"""What may follow the name of a parameter that leaves tokens."""
LONG = ":long"
"""The texts that are too long to be found by their grams, once more."""
INTERVAL = ":interval"
LATITUDE, LONGITUDE = ":latitude", ":longitude"
ALIKE = ":alike"
"""The tokens by which a person is found whose names or birth date are only alike (`likeness.py`)."""
HELD = ":held"
"""The tokens that only one active record of a tenant may hold (`holding.py`)."""
REPLACED = ":replaced"
"""The token of a record that another one replaces: nothing more is written about it (`replacing.py`)."""
CANONICAL = "canonical"
"""The parameter under which a resource that has a `url` is found by those who refer to it by that url."""

PRESENT_TARGET = "\x01present"
"""The target of a reference that leads nowhere: it has a display or an identifier only."""

SPECIAL_VALUES = "http://terminology.hl7.org/CodeSystem/special-values"
"""The system of true and false."""


def fold_code(system: str | None, code: str) -> str:
    """Return a code as it is compared: without case, except where case tells units apart.

    Source  FHIR R4 search.html#token: "servers SHOULD treat tokens in a case-insensitive manner".
    """
    return code if system == UCUM else code.casefold()


def fold_contact(value: str) -> str:
    """Return a telephone number without its spaces and punctuation, another contact without case."""
    digits = value.translate(_PHONE_PUNCTUATION)
    return digits if digits.lstrip("+").isdigit() else value.casefold().strip()


_PHONE_PUNCTUATION = dict.fromkeys(map(ord, " .-/()\u00a0\u202f"))


def typed_value(code: str, value: str) -> str:
    """Return the code of an `:of-type` token: the code of an Identifier.type, and the value."""
    return f"{code}\0{value.casefold()}"


def pair(system: str | None, code: str) -> str:
    """Return a token as part of a name: of a composite, whose last component is a range or another token."""
    return f"${ANY_SYSTEM if system is None else system}\0{code}"


def preceded(others: str, code: str) -> str:
    """Return the code of a composite token: the last one, behind what `pair` made of the others."""
    return f"{others}\0{code}"


def in_unit(system: str, code: str) -> str:
    """Return the suffix of quantities of a unit that no table knows: it compares as itself."""
    return f"|{system}|{code}"


def in_dimension(unit: Unit) -> str:
    """Return the suffix of quantities in canonical units."""
    return f"|ucum|{unit.dimension}"
