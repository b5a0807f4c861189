"""Numbers of a tree: what is written is what is read, and what a plugin computes is written digit for digit."""

from decimal import Decimal

import pytest

from usager_server import decimal_of
from usager_server.jsontext import build_json, parse_json


@pytest.mark.parametrize("digits", ["62.50", "62", "-0.125", "1e-3", "123456789012345678901234567890.5"])
def test_a_number_of_a_tree_keeps_its_digits_as_a_decimal(digits):
    assert decimal_of(parse_json(digits.encode())) == Decimal(digits)


@pytest.mark.parametrize("value", [True, "62", None])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="is not a number"):
        decimal_of(value)


def test_a_computed_decimal_is_written_without_exponent():
    assert build_json({"value": Decimal("62.50") - Decimal("65")}) == b'{"value":-2.50}'
    assert build_json([Decimal("1E+2"), Decimal("1E-7")]) == b"[100,0.0000001]"


def test_a_decimal_that_fhir_cannot_write_is_refused():
    with pytest.raises(TypeError):
        build_json(Decimal("NaN"))
