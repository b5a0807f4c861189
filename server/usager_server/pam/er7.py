"""HL7 v2 as text (ER7): segments, fields, repetitions, components; bounded, and read in the character set it names.

Written here rather than taken from a library: those of PyPI have had no release since 2024 and read without bounds;
what a feed of identities needs of the encoding rules is this file.

Source  HL7 v2.5 chapter 2.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

BYTES_MOST = 65_536
SEGMENTS_MOST = 200
REPETITIONS_MOST = 100
CHARACTER_SETS = {
    "": "ascii",
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
}
"""MSH-18 and how it is decoded; HL7 table 0211, and a spelling that some software uses."""

SEPARATORS = re.compile(r"MSH([!-/:-@\[-`{-~]{5})", re.ASCII)
ENDS = re.compile(r"\r\n|\r|\n")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NAME = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)


class Er7Error(ValueError):
    """What cannot be read: why, the place as HL7 names it ("PID-7"), and the code of table 0357."""

    def __init__(self, text: str, place: str = "", code: str = "102") -> None:
        super().__init__(text)
        self.place = place
        self.code = code


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that a message is cut by; MSH-1 and MSH-2 name them."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def all(self) -> str:
        """Return them in the order of MSH-1 and MSH-2."""
        return self.field + self.component + self.repetition + self.escape + self.subcomponent


@dataclass(frozen=True, slots=True)
class Segment:
    """One line. Shape: fields as they are written, [0] the name; of MSH, [1] is the separator, as HL7 counts."""

    fields: tuple[str, ...]
    separators: Separators

    @property
    def name(self) -> str:
        """Return PID, MRG ..."""
        return self.fields[0]

    def raw(self, number: int) -> str:
        """Return a field as it is written; "" when it is not there."""
        return self.fields[number] if number < len(self.fields) else ""

    def repetitions(self, number: int) -> list["Components"]:
        """Return what stands in a field, one or more times. Errors: Er7Error over REPETITIONS_MOST."""
        place, written = f"{self.name}-{number}", self.raw(number)
        if not written:
            return []
        parts = written.split(self.separators.repetition, REPETITIONS_MOST)
        if len(parts) > REPETITIONS_MOST:
            raise Er7Error(f"plus de {REPETITIONS_MOST} répétitions", place)
        return [Components(tuple(part.split(self.separators.component)), self.separators, place) for part in parts]

    def text(self, number: int) -> str:
        """Return the first component of the first repetition of a field."""
        found = self.repetitions(number)
        return found[0].text(1) if found else ""


@dataclass(frozen=True, slots=True)
class Components:
    """One repetition of a field."""

    parts: tuple[str, ...]
    separators: Separators
    place: str

    def text(self, number: int, sub: int = 1) -> str:
        """Return a component, or one of its subcomponents, without escapes and spaces around; "" when it is not there.

        Shape   the two quotes by which HL7 says that a value is taken away come as they are: `DELETED`.
        """
        if number > len(self.parts):
            return ""
        subs = self.parts[number - 1].split(self.separators.subcomponent)
        return unescaped(subs[sub - 1].strip(), self.separators, f"{self.place}.{number}") if sub <= len(subs) else ""


DELETED = '""'


@dataclass(frozen=True, slots=True)
class Lines:
    """A message: its segments in their order, MSH first."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """Return MSH."""
        return self.segments[0]

    def all(self, name: str) -> list[Segment]:
        """Return the segments of a name."""
        return [each for each in self.segments if each.name == name]


def header_of(data: bytes) -> Segment:
    """Return MSH alone, as far as its ASCII goes: for the acknowledgement of what cannot be read further.

    Errors  Er7Error when the message does not begin with MSH, its separators and an id.
    """
    line = ENDS.split(data[:BYTES_MOST].decode("latin-1"), maxsplit=1)[0]
    separators = _separators(line)
    return _segment(line.encode("ascii", "replace").decode(), separators)


def parse(data: bytes) -> Lines:
    """Return the segments of a message. Errors: Er7Error."""
    if len(data) > BYTES_MOST:
        raise Er7Error(f"le message dépasse {BYTES_MOST} octets")
    text = _decoded(data, header_of(data).text(18).upper())
    if CONTROL.search(text):
        raise Er7Error("le message contient des caractères de commande")
    lines = [line for line in ENDS.split(text, SEGMENTS_MOST + 1) if line]
    if len(lines) > SEGMENTS_MOST:
        raise Er7Error(f"le message a plus de {SEGMENTS_MOST} segments")
    separators = _separators(lines[0])
    return Lines(tuple(_segment(line, separators) for line in lines))


def escaped(text: str, separators: Separators) -> str:
    """Return a text in which no separator stands for itself."""
    letters = dict(zip(separators.all, "FSRET", strict=True))
    mark = separators.escape
    return "".join(f"{mark}{letters[each]}{mark}" if each in letters else each for each in text)


def unescaped(text: str, separators: Separators, place: str) -> str:
    """Return a text with its separators for themselves. Errors: Er7Error on an escape that is none of those."""
    if separators.escape not in text:
        return text
    letters = dict(zip("FSRET", separators.all, strict=True))
    parts = text.split(separators.escape)
    if len(parts) % 2 == 0:
        raise Er7Error("une séquence d'échappement n'est pas fermée", place)
    for number in range(1, len(parts), 2):
        if parts[number] not in letters:
            raise Er7Error("séquence d'échappement inconnue ; sont lues F, S, T, R et E", place)
        parts[number] = letters[parts[number]]
    return "".join(parts)


def _decoded(data: bytes, name: str) -> str:
    if name not in CHARACTER_SETS:
        known = ", ".join(each for each in CHARACTER_SETS if each)
        raise Er7Error(f"jeu de caractères inconnu ; sont lus {known}", "MSH-18", "103")
    try:
        return data.decode(CHARACTER_SETS[name])
    except UnicodeDecodeError as error:
        raise Er7Error("des octets ne sont pas du jeu de caractères annoncé", "MSH-18") from error


def _separators(line: str) -> Separators:
    found = SEPARATORS.match(line)
    if found is None or len(set(found[1])) < len(found[1]) or line[8:9] != found[1][0]:
        raise Er7Error("un message commence par MSH et cinq séparateurs différents : MSH|^~\\&|", "MSH-1")
    return Separators(*found[1])


def _segment(line: str, separators: Separators) -> Segment:
    fields: Sequence[str] = line.split(separators.field)
    if not NAME.fullmatch(fields[0]):
        raise Er7Error("le nom d'un segment est de trois caractères : PID")
    if fields[0] == "MSH":
        fields = ["MSH", separators.field, *fields[1:]]
    return Segment(tuple(fields), separators)
