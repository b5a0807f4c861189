"""Text as search compares it: without accents, case, hyphens, apostrophes or doubled spaces."""

import re
from unicodedata import category, normalize

from usager_server.remembering import remembering

LONGEST = 500
"""Characters kept of a value: index entries must stay under a third of a page, and nobody types more."""

GRAMMED = 60
"""Characters up to which `:contains` finds a value by its grams. Longer ones are few, and are read one after the other:
each character of them would cost an index entry with the whole value."""

LAST = "\U0010ffff"
"""The greatest character: `text + LAST` is above every usual text that begins with `text`."""

NEXT = "\x01"
"""The smallest character that a text may hold: `text + NEXT` is the first text after `text`."""

_LIGATURES = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ĸ": "k"}
)
_NOT_WORDS = re.compile(r"[\W_]+")


@remembering(32768)
def normalise(text: str) -> str:
    """Return the text to index or to look for: "D'Œuvre-Éloïse " becomes "d oeuvre eloise".

    Source  FHIR R4 search.html#string: "insensitive to case and accents, punctuation and whitespace may be ignored".
    """
    folded = text.casefold()
    if not folded.isascii():
        folded = _without_accents(folded)
    return _NOT_WORDS.sub(" ", folded).strip()[:LONGEST]


def _without_accents(text: str) -> str:
    # NFKD a second time: the tables above and casefold may leave letters that decompose again.
    letters = (letter for letter in normalize("NFKD", text.translate(_LIGATURES)) if category(letter) != "Mn")
    return normalize("NFKC", "".join(letters)).casefold()


def prefix_range(text: str) -> tuple[str, str]:
    """Return (from, to) that hold the texts which begin with this one, in code point order; to is exclusive."""
    return text, text + LAST


def equal_range(text: str) -> tuple[str, str]:
    """Return (from, to) that hold this text alone."""
    return text, text + NEXT
