"""The values of a parameter: commas, bars, dollars, escapes and prefixes (FHIR R4 search.html#escaping, #prefix)."""

import re
from collections.abc import Sequence

from usager_server.errors import Invalid
from usager_server.search.dates import parse_date
from usager_server.search.limits import VALUE_CHARACTERS, VALUES
from usager_server.search.numbers import parse_number
from usager_server.search.parameter import KINDS_WITH_PREFIX, Component, Parameter
from usager_server.search.query import Value
from usager_server.search.words import normalise

_PREFIX = re.compile(r"(eq|ne|gt|ge|lt|le|sa|eb|ap)(?=[\d+\-. ])", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def split(text: str, separator: str) -> list[str]:
    """Split on a separator that no backslash precedes; escapes are left in the pieces."""
    if "\\" not in text:
        return text.split(separator)
    pieces, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == separator:
            pieces.append(text[start:at])
            start = at + 1
        at += 1
    return [*pieces, text[start:]]


def unescape(text: str) -> str:
    """Return the text meant: `\\,` `\\|` `\\$` and `\\\\` lose their backslash."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def parse_values(text: str, parameter: Parameter, modifier: str | None, expression: str) -> Sequence[Value]:
    """Return the comma-separated values of a parameter. Errors: Invalid (400) naming the value."""
    pieces = [piece for piece in split(text, ",") if piece]
    if len(pieces) > VALUES:
        raise Invalid(f"{len(pieces)} values; at most {VALUES} are allowed", expression, code="too-costly")
    return tuple(_value(piece, parameter, modifier, expression) for piece in pieces)


def _value(text: str, parameter: Parameter, modifier: str | None, expression: str) -> Value:
    if len(text) > VALUE_CHARACTERS:
        raise Invalid(f"A value is longer than {VALUE_CHARACTERS} characters", expression, code="too-long")
    if modifier == "missing":
        return _one_of(text, ("true", "false"), expression)
    if modifier == "of-type":
        return _of_type(text, expression)
    if modifier == "text":
        return _words(text, expression)
    if modifier in {"in", "not-in"}:
        return Value(unescape(text))
    if modifier == "identifier":
        return _token(text)
    if parameter.type == "composite":
        return _composite(text, parameter, expression)
    if parameter.type == "special":
        return _near(text, expression)
    return _simple(text, parameter.type, expression)


def _simple(text: str, kind: str, expression: str) -> Value:
    if kind in KINDS_WITH_PREFIX:
        return _range(text, kind, expression)
    if kind == "token":
        return _token(text)
    if kind == "string":
        return _words(text, expression)
    return Value(unescape(text))


def _one_of(text: str, allowed: Sequence[str], expression: str) -> Value:
    if text not in allowed:
        raise Invalid(f"{text!r} is not one of {', '.join(allowed)}", expression, code="value")
    return Value(text)


def _token(text: str) -> Value:
    *system, code = split(text, "|")
    if not system:
        return Value(unescape(text), code=unescape(code))
    return Value(unescape(text), system=unescape("|".join(system)), code=unescape(code))


def _words(text: str, expression: str) -> Value:
    meant = unescape(text)
    if not normalise(meant):
        raise Invalid(f"{meant!r} holds no letter and no digit to look for", expression, code="value")
    return Value(meant)


def _of_type(text: str, expression: str) -> Value:
    pieces = [unescape(piece) for piece in split(text, "|")]
    if len(pieces) != 3 or not pieces[1] or not pieces[2]:
        raise Invalid(f"{text!r}: write :of-type=[system]|[code]|[value]", expression, code="value")
    return Value(unescape(text), parts=tuple(Value(piece) for piece in pieces))


def _range(text: str, kind: str, expression: str) -> Value:
    found = _PREFIX.match(text)
    prefix, rest = (found.group(), text[found.end() :]) if found else ("eq", text)
    if kind == "date":
        parse_date(unescape(rest), expression)
        return Value(unescape(rest), prefix=prefix)
    number, *unit = (unescape(piece) for piece in split(rest, "|"))
    parse_number(number, expression)
    if len(unit) not in ({0} if kind == "number" else {0, 2}):
        raise Invalid(f"{text!r}: write [number] or [number]|[system]|[code]", expression, code="value")
    if not unit or not any(unit):
        return Value(number, prefix=prefix)
    return Value(number, prefix=prefix, system=unit[0] or None, code=unit[1])


def _composite(text: str, parameter: Parameter, expression: str) -> Value:
    pieces = split(text, "$")
    if len(pieces) != len(parameter.components) or not all(pieces):
        shape = "$".join(f"[{part.type}]" for part in parameter.components)
        raise Invalid(f"{text!r}: {parameter.name} is written {shape}", expression, code="value")
    parts = zip(pieces, parameter.components, strict=True)
    return Value(unescape(text), parts=tuple(_component(piece, part, expression) for piece, part in parts))


def _component(text: str, component: Component, expression: str) -> Value:
    value = _simple(text, component.type, expression)
    if component.type == "token" and not value.code:
        raise Invalid(f"{text!r}: a component needs a code, [system]|[code] or [code]", expression, code="value")
    return value


LONGEST_DISTANCE = 100_000_000
"""Over twice around the Earth, in metres."""


def _near(text: str, expression: str) -> Value:
    pieces = [unescape(piece) for piece in split(text, "|")]
    if not 2 <= len(pieces) <= 4:
        raise Invalid(f"{text!r}: write [latitude]|[longitude]|[distance]|[km, m or [mi_us]]", expression, code="value")
    for number, most in zip(pieces, (90, 180, LONGEST_DISTANCE), strict=False):
        if (number or most != LONGEST_DISTANCE) and abs(parse_number(number, expression)) > most:
            raise Invalid(f"{number!r} is over {most}", expression, code="value")
    if len(pieces) == 4 and pieces[3] not in {"", "km", "m", "[mi_us]", "[mi_i]", "mi"}:
        raise Invalid(f"{pieces[3]!r} is not a unit of distance: write km, m or [mi_us]", expression, code="value")
    return Value(unescape(text), parts=tuple(Value(piece) for piece in pieces))
