"""The letters of names: those that INSi reads, and what two names are compared by."""

import re
import unicodedata

EQUIVALENTS = str.maketrans(
    {
        "Œ": "OE",
        "Æ": "AE",
        "ẞ": "SS",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{MODIFIER LETTER APOSTROPHE}": "'",
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
    }
)
ALLOWED = re.compile(r"[A-Z '-]*", re.ASCII)
SQUEEZED = re.compile(r"  |''| '|' ")
SEPARATORS = re.compile(r"[\s'-]+")
MOST_LETTERS = 100
"""The longest name that a datamatrix INS holds."""


def insi_text(text: str) -> str:
    """Return a name in the letters of INSi: capitals without accents or ligatures. What has no equivalent stays.

    Source  ins.md 1.1: the stored value is kept as it is, this is for the boundary.
    """
    capital = text.upper().translate(EQUIVALENTS)
    return "".join(each for each in unicodedata.normalize("NFD", capital) if not unicodedata.combining(each))


def birth_name_problems(name: str) -> list[str]:
    """Return what INSi would refuse in a birth name, in French; empty when it may be asked."""
    text = insi_text(name)
    return _problems(text)


def given_name_problems(name: str) -> list[str]:
    """Return what INSi would refuse in a given name, in French; empty when it may be asked."""
    text = insi_text(name)
    found = _problems(text)
    if "--" in text:
        found.append("deux traits d'union ne se suivent pas dans un prénom")
    if text.endswith(("-", "'")):
        found.append("un prénom ne finit ni par un trait d'union ni par une apostrophe")
    return found


def _problems(text: str) -> list[str]:
    found = []
    if not text.strip():
        found.append("il est vide")
    if len(text) > MOST_LETTERS:
        found.append(f"il dépasse {MOST_LETTERS} caractères")
    if not ALLOWED.fullmatch(text):
        found.append("seuls les lettres, l'espace, l'apostrophe et le trait d'union sont admis")
    if text.startswith((" ", "-")):
        found.append("il ne commence ni par un espace ni par un trait d'union")
    if SQUEEZED.search(text):
        found.append("deux espaces, deux apostrophes, ou un espace et une apostrophe, ne se suivent pas")
    return found


def compared(name: str) -> str:
    """Return what two names are compared by: capitals, no accent, one space for hyphens, apostrophes and spaces."""
    return SEPARATORS.sub(" ", insi_text(name)).strip()


def is_consistent(first: str, names: str) -> bool:
    """Say whether a first given name is the list of given names, or begins it and ends with one of its words.

    Source  EXI ID 10: of JEAN CHRISTOPHE PIERRE, JEAN and JEAN-CHRISTOPHE may be the first, CHRISTOPHE may not.
    """
    return f"{compared(names)} ".startswith(f"{compared(first)} ") and bool(compared(first))
