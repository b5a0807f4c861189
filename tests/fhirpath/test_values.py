"""Numbers, dates, quantities and strings: what the public suite does not ask, and what must never fail."""

from typing import Any

import pytest

from tests.fhirpath.conftest import Ask
from usager_server.jsontext import parse_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.10 = 1.1", True),
        ("1 = true", False),
        ("0.1 + 0.2 = 0.3", True),
        ("1 / 3 * 3 ~ 1.0", True),
        ("'Été' ~ 'été'", True),
        ("@2012 = @2012-01", None),
        ("@2012 < @2013-01", True),
        ("@2012-01-01T10:00Z < @2012-01-01T10:00", None),
        ("@2012-01-01T10:00Z < @2012-01-03T12:30", True),
        ("@2012-01-01T23:30:00-05:00 = @2012-01-02T04:30:00Z", True),
        ("@T10:30 > @T10", None),
        ("@2024-01-31 + 1 month = @2024-02-29", True),
        ("@2024-02-29 + 1 year = @2025-02-28", True),
        ("@9999-12-31 + 1 day", None),
        ("@2014 + 23 months = @2015", True),
        ("@2014-01-01 + 36 hours = @2014-01-02", True),
        ("@T23:30 + 45 minutes = @T00:15", True),
        ("1 'h' = 60 'min'", True),
        ("5 'mg' < 1 'g'", True),
        ("5 'mg' < 1 'L'", None),
        ("37 'Cel' ~ 310.15 'K'", True),
        ("1 'furlong' = 1 'furlong'", True),
        ("1 year = 1 'a'", None),
        ("1 year ~ 1 'a'", True),
        ("birthDate < @1955", True),
        ("birthDate = '1954-12-25'", False),
        ("extension.value > 70 years", True),
        ("{} > 1", None),
        ("2147483647 * 2147483647 * 2147483647", None),
        ("2.power(10000)", None),
        ("100.exp().exp()", None),
        ("'a'.substring(0, -1)", ""),
        ("'abc'.replaceMatches('(b)', '[$1]')", "a[b]c"),
        ("(1 | 2 | 2.0).count()", 2),
        ("(1 | 2).combine(1).distinct().count()", 2),
        ("name.given.sort().first().hasValue()", False),
        ("'x'.memberOf('http://unknown')", None),
        ("gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", True),
        ("'x'.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", False),
        ("{}.iif(empty(), 'none', 'some')", "none"),
    ],
)
def test_an_expression_gives(ask: Ask, text: str, expected: Any) -> None:
    assert ask(text) == ([] if expected is None else [expected])


def test_decimals_keep_the_digits_they_came_with(ask: Ask) -> None:
    observation = parse_json(b'{"resourceType": "Observation", "valueQuantity": {"value": 1.500, "unit": "kg"}}')
    assert ask("value.value.toString()", observation) == ["1.500"]
    assert ask("value.value.precision()", observation) == [3]
    assert ask("value.value = 1.5", observation) == [True]


@pytest.mark.parametrize("number", ["1E+999999999", "-1E-999999999", "9" * 4000])
@pytest.mark.parametrize(
    "text",
    ["value + 1", "value * value", "value.toString()", "value.round(2)", "value.truncate()", "value.power(2)",
     "value ~ value", "value.toInteger()", "value.highBoundary()", "value.sqrt()", "value.ln()", "value mod 7",
     "value div 3", "(value | 1).count()", "value.toQuantity()", "value > 1"],
)  # fmt: skip
def test_numbers_without_measure_do_no_harm(ask: Ask, number: str, text: str) -> None:
    quantity = f'{{"resourceType": "Basic", "extension": [{{"url": "u", "valueDecimal": {number}}}]}}'
    ask(f"extension.select({text})", parse_json(quantity.encode()))


@pytest.mark.parametrize("value", ["1954-13-45", "", "T", "2000-01-01T25:00:00Z", 7, None, {}, ["a"]])
@pytest.mark.parametrize("text", ["birthDate > @1900", "birthDate = birthDate", "birthDate + 1 day"])
def test_a_date_that_is_none_raises_nothing_but_invalid(ask: Ask, text: str, value: Any) -> None:
    from usager_server.errors import Invalid

    try:
        ask(text, {"resourceType": "Patient", "birthDate": value})
    except Invalid as error:
        assert "at character" in str(error)
