"""UCUM codes as units: 5 mg is 0.005 g. A code that is not known has no unit, and compares as itself."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache

from usager_server.remembering import remembering
from usager_server.units.table import METRIC, OFFSETS, PLAIN, PREFIXES

UCUM = "http://unitsofmeasure.org"

_CONTEXT = Context(prec=40)
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_DECIMAL = re.compile(r"\d\.\d")

Dimensions = dict[str, int]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in base units: canonical value = value * factor + zero. Two units of one dimension can be compared."""

    dimension: str
    factor: Decimal
    zero: Decimal = Decimal(0)

    def canonical(self, value: Decimal) -> Decimal:
        """Return a value of this unit in base units."""
        return _CONTEXT.add(_CONTEXT.multiply(value, self.factor), self.zero)


@remembering(4096)
def unit(code: str) -> Unit | None:
    """Return the unit of a UCUM code, or None when the table does not know it."""
    if len(code) > 64 or _DECIMAL.search(code):  # "." multiplies: a decimal number is no UCUM
        return None
    if code in OFFSETS:
        factor, zero = OFFSETS[code]
        return Unit("K1", Decimal(factor), Decimal(zero))
    try:
        factor_, dimensions = _Term(_ANNOTATION.sub("", code) or "1").whole()
    except (KeyError, ValueError, ArithmeticError):
        return None
    return Unit("".join(f"{name}{power}" for name, power in sorted(dimensions.items()) if power), factor_)


class _Term:
    """Reads `a.b/c`, `/min`, `(a/b).c`, `10*3/uL`, left to right as UCUM §7 says."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def whole(self) -> tuple[Decimal, Dimensions]:
        found = self.term()
        if self.at != len(self.text):
            raise ValueError(self.text)
        return found

    def term(self) -> tuple[Decimal, Dimensions]:
        factor, dimensions = (Decimal(1), {}) if self.peek() == "/" else self.component()
        while self.peek() in {".", "/"}:
            sign = 1 if self.peek() == "." else -1
            self.at += 1
            more, its = self.component()
            factor, dimensions = _product(factor, dimensions, more, its, sign)
        return factor, dimensions

    def component(self) -> tuple[Decimal, Dimensions]:
        if self.peek() == "(":
            self.at += 1
            inside = self.term()
            if self.peek() != ")":
                raise ValueError(self.text)
            self.at += 1
            return inside
        return self.simple()

    def simple(self) -> tuple[Decimal, Dimensions]:
        end = self.at
        while end < len(self.text) and (self.text[end] not in "./()" or self.inside_brackets(end)):
            end += 1
        piece, self.at = self.text[self.at : end], end
        if not piece:
            # what only an annotation stood for: "/{beats}" or "{beats}/min"
            return Decimal(1), {}
        return _simple_unit(piece)

    def inside_brackets(self, end: int) -> bool:
        before = self.text[self.at : end]
        return before.count("[") > before.count("]")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]


def _simple_unit(piece: str) -> tuple[Decimal, Dimensions]:
    if piece.isdigit():
        return Decimal(piece), {}
    atom, power = _split_power(piece)
    factor, dimensions = _atom(atom)
    return _CONTEXT.power(factor, power), {name: value * power for name, value in dimensions.items()}


def _split_power(piece: str) -> tuple[str, int]:
    stem = piece.rstrip("0123456789")
    if not stem or stem == piece:
        return piece, 1
    digits = piece[len(stem) :]
    if stem[-1] in "+-" and len(stem) > 1:
        return stem[:-1], int(stem[-1] + digits)
    return stem, int(digits)


@lru_cache(maxsize=1024)
def _atom(symbol: str) -> tuple[Decimal, Dimensions]:
    factor, made_of = _look_up(symbol)
    if made_of in {"", symbol}:
        return factor, {symbol: 1} if made_of else {}
    more, dimensions = _Term(made_of).whole()
    return _CONTEXT.multiply(factor, more), dimensions


def _look_up(symbol: str) -> tuple[Decimal, str]:
    if symbol in METRIC or symbol in PLAIN:
        factor, made_of = (METRIC if symbol in METRIC else PLAIN)[symbol]
        return Decimal(factor), made_of
    for size in (1, 2):
        prefix, rest = symbol[:size], symbol[size:]
        if prefix in PREFIXES and rest in METRIC:
            factor, made_of = METRIC[rest]
            return Decimal(factor).scaleb(PREFIXES[prefix]), made_of
    raise KeyError(symbol)


def _product(
    factor: Decimal, dimensions: Dimensions, more: Decimal, its: Dimensions, sign: int
) -> tuple[Decimal, Dimensions]:
    together = dict(dimensions)
    for name, power in its.items():
        together[name] = together.get(name, 0) + sign * power
    return (_CONTEXT.multiply if sign == 1 else _CONTEXT.divide)(factor, more), together
