"""Units of UCUM in base units."""

from decimal import Decimal

import pytest

from usager_server.units.ucum import unit


@pytest.mark.parametrize(
    ("one", "other", "factor"),
    [
        ("mg", "g", "0.001"),
        ("mg/dL", "g/L", "0.01"),
        ("mm[Hg]", "kPa", "0.133322"),
        ("/min", "Hz", "0.0166666666666666666666666667"),
        ("10*3/uL", "10*9/L", "1"),
        ("umol/L", "mmol/L", "0.001"),
        ("[lb_av]", "kg", "0.45359237"),
        ("{beats}/min", "/min", "1"),
        ("m[IU]/mL", "[IU]/L", "1"),
        ("kg/m2", "g/cm2", "0.1"),
        ("h", "min", "60"),
        ("%", "1", "0.01"),
    ],
)
def test_units_of_one_dimension_compare(one: str, other: str, factor: str) -> None:
    mine, theirs = unit(one), unit(other)
    assert mine and theirs and mine.dimension == theirs.dimension
    assert float(mine.canonical(Decimal(1)) / theirs.canonical(Decimal(1))) == pytest.approx(float(factor))


@pytest.mark.parametrize(("one", "other"), [("mg", "mL"), ("mmol/L", "g/L"), ("[iU]", "g"), ("mol", "1"), ("Cel", "1")])
def test_units_of_different_dimensions_do_not(one: str, other: str) -> None:
    mine, theirs = unit(one), unit(other)
    assert mine and theirs and mine.dimension != theirs.dimension


@pytest.mark.parametrize("code", ["foo", "bpm", "mL/min/1.73.m2", "(kg", "kg)", "m" * 100])
def test_an_unknown_unit_is_none(code: str) -> None:
    assert unit(code) is None


def test_temperatures_compare_across_scales() -> None:
    celsius, fahrenheit = unit("Cel"), unit("[degF]")
    assert celsius and fahrenheit
    assert float(celsius.canonical(Decimal("37.0"))) == pytest.approx(float(fahrenheit.canonical(Decimal("98.6"))))
