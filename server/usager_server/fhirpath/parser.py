"""FHIRPath text -> syntax tree, by precedence climbing. Source: FHIRPath N1 (ANSI/HL7 NMN R1-2020), appendix A."""

from decimal import Decimal
from functools import lru_cache

from usager_server.fhirpath.ast import (
    Binary,
    Call,
    Expression,
    External,
    Indexer,
    Literal,
    LiteralValue,
    Member,
    TypeName,
    TypeOperation,
    Unary,
    Variable,
    parts,
)
from usager_server.fhirpath.lexer import Token, refused, tokens, unescaped
from usager_server.fhirpath.limits import DEPTH_LIMIT, HEIGHT_LIMIT
from usager_server.fhirpath.quantity import CALENDAR, Quantity
from usager_server.fhirpath.temporal import parse_date, parse_datetime, parse_time

_SHORT = 200  # characters; longer ones are not kept, since they may come from outside

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "~", "!=", "!~"),
    ("<", ">", "<=", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
_STRENGTH = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
_TYPE_FUNCTIONS = ("is", "as", "ofType")
_NEVER_NAMES = frozenset({"and", "or", "xor", "implies", "div", "mod"})


def parse(text: str) -> Expression:
    """Return the syntax tree of an expression.

    Errors  Invalid (400) with the position when the text is not FHIRPath, is too long or nests too deeply.
    """
    return _remembered(text) if len(text) <= _SHORT else _Parser(text).whole()


@lru_cache(maxsize=1024)
def _remembered(text: str) -> Expression:
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, symbol: str) -> bool:
        if self.next.kind == "symbol" and self.next.text == symbol:
            self.at += 1
            return True
        return False

    def expect(self, symbol: str) -> None:
        if not self.accept(symbol):
            raise self.wrong(f"{symbol!r} was expected")

    def wrong(self, message: str) -> Exception:
        found = f"the expression ended where {message}" if self.next.kind == "end" else message
        return refused(found, self.text, self.next.position)

    def whole(self) -> Expression:
        found = self.expression(0)
        if self.next.kind != "end":
            raise self.wrong(f"{self.next.text!r} is not expected here")
        if _height(found) > HEIGHT_LIMIT:
            raise refused(f"an expression chains at most {HEIGHT_LIMIT} steps", self.text, 0)
        return found

    def expression(self, level: int) -> Expression:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise self.wrong(f"an expression nests at most {DEPTH_LIMIT} levels")
        left = self.signed()
        while (strength := self.strength()) >= level:
            left = self.operation(left, self.take(), strength)
        self.depth -= 1
        return left

    def strength(self) -> int:
        return _STRENGTH.get(self.next.text, -1) if self.next.kind in ("word", "symbol") else -1

    def operation(self, left: Expression, token: Token, strength: int) -> Expression:
        if token.text in ("is", "as"):
            return TypeOperation(token.text, left, self.type_name(), token.position)
        return Binary(token.text, left, self.expression(strength + 1), token.position)

    def signed(self) -> Expression:
        token = self.next
        for sign in ("+", "-"):
            if self.accept(sign):
                self.depth += 1
                if self.depth > DEPTH_LIMIT:
                    raise self.wrong(f"an expression nests at most {DEPTH_LIMIT} levels")
                operand = self.signed()
                self.depth -= 1
                return Unary(sign, operand, token.position)
        return self.path()

    def path(self) -> Expression:
        found = self.term()
        while True:
            position = self.next.position
            if self.accept("."):
                found = self.invocation(found)
            elif self.accept("["):
                index = self.expression(0)
                self.expect("]")
                found = Indexer(found, index, position)
            else:
                return found

    def term(self) -> Expression:
        token = self.next
        if self.accept("("):
            inside = self.expression(0)
            self.expect(")")
            return inside
        if self.accept("{"):
            self.expect("}")
            return Literal(None, token.position)
        if token.kind == "external":
            return External(_name(self.take().text[1:]), token.position)
        if token.kind in ("number", "string", "date", "datetime", "time"):
            return self.literal(self.take())
        if token.kind == "word" and token.text in ("true", "false"):
            return Literal(self.take().text == "true", token.position)
        return self.invocation(None)

    def literal(self, token: Token) -> Expression:
        return Literal(self.quantity(token) if token.kind == "number" else self.constant(token), token.position)

    def constant(self, token: Token) -> LiteralValue:
        if token.kind == "string":
            return unescaped(token.text[1:-1])
        text = token.text[1:]
        if token.kind == "time":
            value = parse_time(text[1:])
        else:
            value = parse_date(text) if token.kind == "date" else parse_datetime(text.removesuffix("T"))
        if value is None:
            raise refused(f"{token.text} is not in the calendar", self.text, token.position)
        return value

    def quantity(self, token: Token) -> LiteralValue:
        unit = self.next
        if unit.kind == "string":
            return Quantity(Decimal(token.text), unescaped(self.take().text[1:-1]))
        if unit.kind == "word" and unit.text in CALENDAR:
            return Quantity(Decimal(token.text), self.take().text)
        if len(token.text) > 100:
            raise refused("a number has at most 100 digits", self.text, token.position)
        return Decimal(token.text) if "." in token.text else int(token.text)

    def invocation(self, source: Expression | None) -> Expression:
        token = self.next
        if token.kind == "variable" and source is None:
            return Variable(self.take().text[1:], token.position)
        name = self.identifier(after_dot=source is not None)
        if not self.accept("("):
            return Member(source, name, token.position)
        if name in _TYPE_FUNCTIONS:
            found = TypeOperation(name, source, self.type_name(), token.position)
            self.expect(")")
            return found
        return Call(source, name, self.arguments(), token.position)

    def identifier(self, *, after_dot: bool) -> str:
        token = self.next
        if token.kind == "quoted" or (token.kind == "word" and (after_dot or token.text not in _NEVER_NAMES)):
            return _name(self.take().text)
        raise self.wrong(f"{token.text!r} is not expected here" if token.text else "a term was expected")

    def arguments(self) -> tuple[Expression, ...]:
        if self.accept(")"):
            return ()
        found = [self.expression(0)]
        while self.accept(","):
            found.append(self.expression(0))
        self.expect(")")
        return tuple(found)

    def type_name(self) -> TypeName:
        position = self.next.position
        if self.accept("("):
            inside = self.type_name()
            self.expect(")")
            return inside
        name = self.identifier(after_dot=True)
        if name in ("System", "FHIR") and self.accept("."):
            return TypeName(name, self.identifier(after_dot=True), position)
        return TypeName(None, name, position)


def _height(tree: Expression) -> int:
    height = 0
    level: list[Expression] = [tree]
    while level:
        height += 1
        level = [part for node in level for part in parts(node)]
    return height


def _name(text: str) -> str:
    return unescaped(text[1:-1]) if text[:1] in "`'" else text
