"""The prefixes, checked against what FHIR says of ranges: every prefix on every way two ranges can lie."""

from decimal import Decimal
from itertools import product

import pytest

from usager_server.search.dates import ALWAYS, DAY, FOREVER, Range, duration_class
from usager_server.search.names import INTERVAL
from usager_server.search.numbers import precision_range
from usager_server.search.ranges import (
    date_bounds,
    dates_by_class,
    instant_bounds,
    number_bounds,
    numbers_by_class,
)

NOW = 10_000 * DAY
ASKED = (100 * DAY, 130 * DAY)
ENDS = [ALWAYS, 50 * DAY, 100 * DAY, 101 * DAY, 115 * DAY, 130 * DAY, 131 * DAY, 500 * DAY, FOREVER]
ROWS = [(low, high) for low, high in product(ENDS, ENDS) if low < high]


def meant(prefix: str, asked: Range, row: Range) -> bool:
    """What FHIR R4 search.html#prefix says, word for word."""
    (low, high), (start, end) = asked, row
    contains = low <= start and end <= high
    above, below = end > high, start < low
    match prefix:
        case "eq":
            return contains
        case "ne":
            return not contains
        case "gt":
            return above
        case "lt":
            return below
        case "ge":
            return above or contains
        case "le":
            return below or contains
        case "sa":
            return start >= high
    return end <= low


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
@pytest.mark.parametrize("row", ROWS)
def test_dates_match_as_the_specification_says(prefix: str, row: Range) -> None:
    assert date_matches(prefix, ASKED, row) is meant(prefix, ASKED, row)


def date_matches(prefix: str, asked: Range, row: Range) -> bool:
    """What the index finds: the row lies in the class of its duration, and within the bounds given for that class."""
    mine = duration_class(*row)
    legs = [leg for bounds in date_bounds(prefix, asked, NOW) for leg in dates_by_class(bounds)]
    return any(
        suffix == mine and low_from <= row[0] < low_to and high_from <= row[1] <= high_to
        for suffix, (low_from, low_to, high_from, high_to) in legs
    )


def test_approximate_dates_have_a_margin_of_a_tenth_of_the_time_until_now() -> None:
    margin = (NOW - ASKED[0]) // 10
    assert date_matches("ap", ASKED, (ASKED[1] + margin - DAY, ASKED[1] + margin + DAY))
    assert not date_matches("ap", ASKED, (ASKED[1] + margin + DAY, ASKED[1] + margin + 2 * DAY))


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
@pytest.mark.parametrize("moment", [99 * DAY, 100 * DAY, 115 * DAY, 130 * DAY - 1, 130 * DAY, 131 * DAY])
def test_moments_match_as_ranges_of_no_length(prefix: str, moment: int) -> None:
    found = any(low <= moment < high for low, high in instant_bounds(prefix, ASKED, NOW))
    assert found is meant(prefix, ASKED, (moment, moment + 1))


@pytest.mark.parametrize(
    ("prefix", "matching"),
    [
        ("eq", [99.5, 100.0, 100.1, 100.4]),
        ("ne", [0.0, 99.4, 100.5, 200.0]),
        ("gt", [100.1, 100.4, 100.5, 200.0]),
        ("ge", [100.0, 100.1, 100.4, 100.5, 200.0]),
        ("lt", [0.0, 99.4, 99.5]),
        ("le", [0.0, 99.4, 99.5, 100.0]),
        ("sa", [100.1, 100.4, 100.5, 200.0]),
        ("eb", [0.0, 99.4, 99.5]),
        ("ap", [99.4, 99.5, 100.0, 100.1, 100.4, 100.5]),
    ],
)
def test_numbers_match_with_the_precision_of_the_query(prefix: str, matching: list[float]) -> None:
    values = [0.0, 99.4, 99.5, 100.0, 100.1, 100.4, 100.5, 200.0]
    assert [value for value in values if number_matches(prefix, (value, value))] == matching


@pytest.mark.parametrize(
    ("prefix", "row", "expected"),
    [
        ("eq", (99.6, 100.4), True),
        ("eq", (99.0, 100.4), False),
        ("gt", (90.0, 110.0), True),
        ("lt", (90.0, 110.0), True),
        ("sa", (90.0, 110.0), False),
        ("sa", (101.0, float("inf")), True),
        ("eb", (float("-inf"), 99.0), True),
    ],
)
def test_intervals_match_by_their_ends(prefix: str, row: tuple[float, float], expected: bool) -> None:
    assert number_matches(prefix, row) is expected


def number_matches(prefix: str, row: tuple[float, float]) -> bool:
    mine = "" if row[0] == row[1] else INTERVAL
    legs = [leg for bounds in number_bounds(prefix, Decimal(100)) for leg in numbers_by_class(bounds)]
    return any(
        suffix == mine and low_from <= row[0] <= low_to and high_from <= row[1] <= high_to
        for suffix, (low_from, low_to, high_from, high_to) in legs
    )


def test_a_number_of_more_digits_than_a_float_still_equals_itself() -> None:
    number = Decimal("66.899999999999991")
    low, below, _, _ = number_bounds("eq", number)[0]
    assert low <= float(number) <= below


def test_it_still_does_in_another_unit() -> None:
    number, inch = Decimal("66.899999999999991"), Decimal("0.0254")
    around = tuple(end * inch for end in precision_range(number))
    low, below, _, _ = number_bounds("eq", number * inch, around)[0]
    assert low <= float(number * inch) <= below
