"""The RPPS, the national number of a professional: 11 digits, the last of which is a check (Luhn)."""

import re

from usager_server.errors import Unprocessable
from usager_server.requirements import fulfils

DIGITS = re.compile(r"[0-9]{11}", re.ASCII)


def is_rpps(text: str) -> bool:
    """Tell whether a text has the form of an RPPS; only a directory can tell whether it exists."""
    return DIGITS.fullmatch(text) is not None and _luhn(text) == 0


@fulfils("SC.SSI/IE.33")
def checked_rpps(text: str) -> str:
    """Return an RPPS. Errors: Unprocessable (422), saying what is wrong with it."""
    if DIGITS.fullmatch(text) is None:
        raise Unprocessable("An RPPS has 11 digits", "rpps", code="value")
    if not is_rpps(text):
        raise Unprocessable("The last digit of this RPPS does not agree with the others: one was mistyped", "rpps",
                            code="value")  # fmt: skip
    return text


def _luhn(digits: str) -> int:
    doubled = [int(it) if place % 2 == 0 else int(it) * 2 for place, it in enumerate(reversed(digits))]
    return sum(it - 9 if it > 9 else it for it in doubled) % 10
