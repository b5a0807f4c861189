"""FHIRPath text -> tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from usager_server.errors import Invalid
from usager_server.fhirpath.limits import LENGTH_LIMIT

_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | //[^\r\n]* | /\*.*?\*/ )
  | (?P<datetime> @\d{4}(?:-\d\d(?:-\d\d)?)?T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)? )
  | (?P<time> @T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)? )
  | (?P<date> @\d{4}(?:-\d\d(?:-\d\d)?)? )
  | (?P<number> \d+(?:\.\d+)? )
  | (?P<string> '(?:[^'\\]|\\.)*' )
  | (?P<quoted> `(?:[^`\\]|\\.)*` )
  | (?P<variable> \$(?:this|index|total)\b )
  | (?P<external> %(?: (?:vs|ext)-[A-Za-z0-9_\-]+ | [A-Za-z_][A-Za-z0-9_]* | `(?:[^`\\]|\\.)*` | '(?:[^'\\]|\\.)*' ) )
  | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<symbol> <= | >= | != | !~ | [-+*/&|=~<>()\[\]{},.] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, symbol or literal, as written; position counts characters from 0."""

    kind: str
    text: str
    position: int


def refused(message: str, text: str, position: int) -> Invalid:
    """Return the error for an expression that is wrong at a position."""
    return Invalid(f"FHIRPath: {message}, at character {position + 1} of {text[:200]!r}")


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens, the last of kind "end". Errors: Invalid."""
    if len(text) > LENGTH_LIMIT:
        raise refused(f"an expression has at most {LENGTH_LIMIT} characters", text, LENGTH_LIMIT)
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or text.startswith("/*", position) != match[0].startswith("/*"):
            raise refused(f"{text[position : position + 10]!r} is not understood", text, position)
        if match.lastgroup != "space":
            yield Token(match.lastgroup or "", match[0], position)
        position = match.end()
    yield Token("end", "", position)


def unescaped(body: str) -> str:
    """Return the text between quotes with its escapes resolved."""
    return _ESCAPE.sub(_character, body) if "\\" in body else body


def _character(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)
