"""FHIR dates as ranges of microseconds."""

from datetime import UTC, datetime

import pytest

from usager_server.errors import Invalid
from usager_server.search.dates import (
    ALWAYS,
    DAY,
    FOREVER,
    SECOND,
    date_range,
    duration_class,
    microseconds,
    parse_date,
)


def at(*parts: int) -> int:
    return microseconds(datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", at(2024, 1, 1), at(2025, 1, 1)),
        ("2024-02", at(2024, 2, 1), at(2024, 3, 1)),
        ("2024-12", at(2024, 12, 1), at(2025, 1, 1)),
        ("2024-02-29", at(2024, 2, 29), at(2024, 3, 1)),
        ("2024-02-29T10:20", at(2024, 2, 29, 10, 20), at(2024, 2, 29, 10, 21)),
        ("2024-02-29T10:20:30Z", at(2024, 2, 29, 10, 20, 30), at(2024, 2, 29, 10, 20, 31)),
        ("2024-02-29T10:20:30", at(2024, 2, 29, 10, 20, 30), at(2024, 2, 29, 10, 20, 31)),
        ("2024-02-29T10:20:30+02:00", at(2024, 2, 29, 8, 20, 30), at(2024, 2, 29, 8, 20, 31)),
        ("2024-02-29T23:20:30-05:30", at(2024, 3, 1, 4, 50, 30), at(2024, 3, 1, 4, 50, 31)),
        ("2016-12-31T23:59:60Z", at(2017, 1, 1), at(2017, 1, 1, 0, 0, 1)),
        ("9999", at(9999, 1, 1), at(9999, 12, 31) + DAY),
        ("0001-01-01", at(1, 1, 1), at(1, 1, 2)),
    ],
)
def test_a_date_stands_for_all_of_its_moments(text: str, low: int, high: int) -> None:
    assert date_range(text) == (low, high)


def test_fractions_of_a_second_keep_their_precision() -> None:
    low, high = date_range("2024-01-01T00:00:00.12Z") or (0, 0)
    assert (low - at(2024, 1, 1), high - low) == (120_000, 10_000)
    low, high = date_range("2024-01-01T00:00:00.1234567Z") or (0, 0)
    assert (low - at(2024, 1, 1), high - low) == (123_456, 1)


@pytest.mark.parametrize(
    "text", ["", "x", "20", "2024-13", "2024-02-30", "2024-1-1", "2024-02-29T25:00:00Z", "24-02-29"]
)
def test_what_is_no_date_has_no_range(text: str) -> None:
    assert date_range(text) is None


def test_a_wrong_date_in_a_query_is_refused_with_its_place() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_date("yesterday", "Patient?birthdate")
    assert refusal.value.issues[0].expression == "Patient?birthdate"


def test_a_plus_that_the_form_encoding_ate_is_put_back() -> None:
    assert parse_date("2024-01-01T00:00:00 01:00", "") == date_range("2024-01-01T00:00:00+01:00")


@pytest.mark.parametrize(
    ("low", "high", "suffix"),
    [
        (0, SECOND, ""),
        (0, DAY, ""),
        (0, DAY + 1, ":month"),
        (0, 40 * DAY, ":year"),
        (0, FOREVER, ":open"),
        (ALWAYS, 0, ":open"),
    ],
)
def test_ranges_are_classed_by_duration(low: int, high: int, suffix: str) -> None:
    assert duration_class(low, high) == suffix
