"""Numbers and quantities."""

from decimal import Decimal
from math import inf
from typing import Any

import pytest

from usager_server.errors import Invalid
from usager_server.jsontext import parse_json
from usager_server.search.numbers import decimal_of, parse_number, precision_range
from usager_server.search.quantities import quantity_intervals
from usager_server.units.ucum import UCUM


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("5.40", "5.395", "5.405"),
        ("1e2", "50", "150"),
        ("1.0e-2", "0.0095", "0.0105"),
        ("-7", "-7.5", "-6.5"),
    ],
)
def test_a_number_stands_for_those_that_round_to_it(text: str, low: str, high: str) -> None:
    assert precision_range(parse_number(text, "")) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize("text", ["", "abc", "1,5", "0x10", "NaN", "Infinity", "1e9999", "1" * 50])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_number(text, "RiskAssessment?probability")


def test_a_number_of_a_resource_keeps_its_digits() -> None:
    tree = parse_json(b"[1.10, 1, true, 1e-3]")
    assert [decimal_of(value) for value in tree] == [Decimal("1.10"), Decimal(1), None, Decimal("0.001")]


def suffixes(quantity: dict[str, Any]) -> list[str]:
    return [suffix for suffix, _, _ in quantity_intervals(quantity, "Quantity")]


def test_a_quantity_is_found_as_written_in_canonical_units_and_by_the_words_of_its_unit() -> None:
    quantity = {"value": 5, "unit": "milligram", "system": UCUM, "code": "mg"}
    assert suffixes(quantity) == ["", "|ucum|g1", "||milligram"]


def test_a_quantity_of_an_unknown_unit_compares_as_itself() -> None:
    assert suffixes({"value": 2, "system": "http://x", "code": "tabs"}) == ["", "|http://x|tabs", "||tabs"]


def test_a_comparator_opens_the_interval() -> None:
    assert quantity_intervals({"value": 5, "comparator": "<"}, "Quantity") == [(":interval", -inf, 5.0)]
    assert quantity_intervals({"value": 5, "comparator": ">="}, "Quantity") == [(":interval", 5.0, inf)]


def test_money_has_its_currency_as_unit() -> None:
    found = quantity_intervals({"value": 12, "currency": "EUR"}, "Money")
    assert found[1][0] == "|urn:iso:std:iso:4217|EUR"


def test_sampled_data_spans_its_points() -> None:
    value = {"origin": {"value": 10}, "factor": 2, "data": "1 E -3 4 U"}
    assert quantity_intervals(value, "SampledData") == [(":interval", 4.0, 18.0)]
