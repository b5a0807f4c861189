"""Text -> syntax tree."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.fhirpath import Environment, compile, parse
from usager_server.fhirpath.ast import (
    Binary,
    Call,
    Expression,
    External,
    Indexer,
    Literal,
    Member,
    TypeName,
    TypeOperation,
    Unary,
    parts,
)
from usager_server.fhirpath.quantity import Quantity


def test_a_path_is_a_chain_of_members() -> None:
    assert parse("Patient.name.given") == Member(Member(Member(None, "Patient"), "name"), "given")


def test_a_function_keeps_its_arguments() -> None:
    assert parse("name.where(use = 'usual')") == Call(
        Member(None, "name"), "where", (Binary("=", Member(None, "use"), Literal("usual")),)
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("a and b or c", "(a and b) or c"),
        ("a or b implies c", "(a or b) implies c"),
        ("a = b in c", "(a = b) in c"),
        ("1 | 2 > 1", "(1 | 2) > 1"),
        ("a | b is Integer", "a | (b is Integer)"),
        ("-1.abs()", "-(1.abs())"),
        ("'#' + id in a", "('#' + id) in a"),
        ("// why\n a /* how */ . b", "a.b"),
    ],
)
def test_operators_bind_as_the_specification_says(text: str, same: str) -> None:
    assert parse(text) == parse(same)


def test_is_and_as_take_a_type_in_either_form() -> None:
    assert parse("a is FHIR.Patient") == TypeOperation("is", Member(None, "a"), TypeName("FHIR", "Patient"))
    assert parse("a.is(FHIR.Patient)") == parse("a is FHIR.Patient")
    assert parse("ofType(Quantity)") == TypeOperation("ofType", None, TypeName(None, "Quantity"))


def test_words_of_the_language_may_name_elements() -> None:
    assert parse("expansion.contains.is") == Member(Member(Member(None, "expansion"), "contains"), "is")
    assert parse("`div`.`a b`") == Member(Member(None, "div"), "a b")


def test_literals_have_their_values() -> None:
    assert parse(r"'a\'b\u0041'") == Literal("a'bA")
    assert parse("1.50") == Literal(Decimal("1.50"))
    assert parse("4 days") == Literal(Quantity(Decimal(4), "days"))
    assert parse("{}") == Literal(None)
    assert parse("%`vs-x`") == parse("%vs-x") == External("vs-x")
    assert parse("-a[0]") == Unary("-", Indexer(Member(None, "a"), Literal(0)))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a.b(", "character 5"),
        ("a..b", "character 3"),
        ("1 +", "character 4"),
        ("a b", "character 3"),
        ("'abc", "character 1"),
        ("@2015-02-30", "character 1"),
        ("a /* b", "character 3"),
        ("a #", "character 3"),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(Invalid, match=place):
        parse(text)


@pytest.mark.parametrize(
    "text", ["(" * 1000 + "1", "-" * 1000 + "1", "a." * 1000 + "a", "1" + "+1" * 1000, "a" * 100_000, "a(" * 500]
)
def test_an_expression_without_measure_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="at most"):
        parse(text)


def test_every_official_expression_is_understood(definitions: Definitions) -> None:
    for parameter in definitions.search_parameters:
        if parameter.expression:
            parse(parameter.expression)
    for known in definitions.types.values():
        for invariant in known.invariants:
            parse(invariant.expression)


def test_every_official_regular_expression_is_one_of_re2(definitions: Definitions) -> None:
    expressions = {item.expression for known in definitions.types.values() for item in known.invariants}
    expressions |= {
        item.expression
        for known in definitions.types.values()
        for element in known.elements
        for item in element.invariants
    }
    patterns = {pattern for expression in expressions for pattern in _patterns(parse(expression))}
    assert len(patterns) > 5
    matches = compile("'x'.matches(%pattern)", definitions)
    for pattern in patterns:
        matches.items({}, Environment(variables={"pattern": pattern}))


def _patterns(node: Expression) -> Iterator[str]:
    if isinstance(node, Call) and node.name == "matches" and isinstance(node.arguments[0], Literal):
        yield str(node.arguments[0].value)
    for part in parts(node):
        yield from _patterns(part)
