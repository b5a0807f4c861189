"""Code systems made of resources."""

from datetime import date
from typing import Any

import pytest

from usager_server.errors import Unprocessable
from usager_server.terminology.code_system import code_system_of
from usager_server.terminology.filters import filtered

URL = "urn:example:animals"


def animals(**changes: Any) -> dict[str, Any]:
    """Return a small CodeSystem."""
    concepts = [
        {"code": "bird", "display": "Bird", "concept": [{"code": "duck", "display": "Duck"}]},
        {"code": "fish", "property": [{"code": "parent", "valueCode": "water"}, {"code": "legs", "valueInteger": 0}]},
        {"code": "water", "property": [{"code": "notSelectable", "valueBoolean": True}]},
        {
            "code": "dodo",
            "property": [
                {"code": "dateValid", "valueDateTime": "1598-01-01T00:00:00Z"},
                {"code": "dateFin", "valueDateTime": "1681-01-01"},
                {"code": "status", "valueCode": "retired"},
                {"code": "parent", "valueCode": "bird"},
            ],
        },
    ]
    return {"resourceType": "CodeSystem", "url": URL, "content": "complete", "concept": concepts, **changes}


def codes(*filters: tuple[str, str, str]) -> list[str]:
    """Return the codes that meet the filters."""
    conditions = [dict(zip(("property", "op", "value"), each, strict=True)) for each in filters]
    return [concept.code for concept in filtered(code_system_of(animals()), conditions)]


def test_nesting_and_parent_properties_make_one_hierarchy():
    system = code_system_of(animals())
    assert (set(system.below("bird")), set(system.above("fish"))) == ({"duck", "dodo"}, {"water"})


def test_a_code_that_ended_is_found_on_a_day_of_its_time_only():
    system = code_system_of(animals())
    days = (date(1597, 12, 31), date(1598, 1, 1), date(1680, 12, 31), date(1681, 1, 1))
    assert [system.find("dodo", day) is not None for day in days] == [False, True, True, False]


def test_letter_case_counts_unless_the_system_says_otherwise():
    assert code_system_of(animals()).find("BIRD") is None
    assert code_system_of(animals(caseSensitive=False)).find("BIRD") is not None


def test_a_deep_hierarchy_is_read_without_recursion():
    concept: dict[str, Any] = {"code": "c5000"}
    for number in reversed(range(5000)):
        concept = {"code": f"c{number}", "concept": [concept]}
    assert len(code_system_of(animals(concept=[concept])).below("c0")) == 5000


def test_a_supplement_adds_names():
    added = {"concept": [{"code": "duck", "designation": [{"language": "fr", "value": "canard"}]}]}
    duck = code_system_of(animals()).supplemented([added]).find("duck")
    assert duck is not None
    assert (duck.name_in("fr-FR"), duck.name_in("de"), duck.is_named("Canard")) == ("canard", None, True)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("concept", "is-a", "bird"), ["bird", "duck", "dodo"]),
        (("concept", "descendent-of", "bird"), ["duck", "dodo"]),
        (("concept", "is-not-a", "bird"), ["fish", "water"]),
        (("concept", "generalizes", "duck"), ["bird", "duck"]),
        (("code", "in", "duck, fish"), ["duck", "fish"]),
        (("code", "not-in", "duck,fish,dodo"), ["bird", "water"]),
        (("code", "regex", "d.*"), ["duck", "dodo"]),
        (("code", "regex", "d"), []),
        (("legs", "=", "0"), ["fish"]),
        (("legs", "exists", "true"), ["fish"]),
        (("legs", "exists", "false"), ["bird", "duck", "water", "dodo"]),
        (("status", "=", "retired"), ["dodo"]),
        (("parent", "=", "bird"), ["duck", "dodo"]),
        (("child", "=", "duck"), ["bird"]),
        (("inactive", "=", "true"), ["dodo"]),
        (("display", "regex", "(B|D).*"), ["bird", "duck"]),
    ],
)
def test_a_filter_takes_these(condition: tuple[str, str, str], expected: list[str]):
    assert sorted(codes(condition)) == sorted(expected)


def test_several_filters_must_all_be_met():
    assert codes(("concept", "is-a", "bird"), ("inactive", "=", "false")) == ["bird", "duck"]


@pytest.mark.parametrize("pattern", ["(", "(a{1000}){1000}", "(?=a)"])
def test_a_regular_expression_that_cannot_be_read_is_refused(pattern: str):
    with pytest.raises(Unprocessable, match="is not a regular expression"):
        codes(("code", "regex", pattern))


def test_a_hostile_regular_expression_costs_little():
    assert codes(("code", "regex", "(.*)*(.*)*(.*)*x")) == []
