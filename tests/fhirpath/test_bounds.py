"""An expression from outside has a budget."""

from typing import Any

import pytest

from tests.fhirpath.conftest import Ask
from tests.spent import at_most
from usager_server.definitions import Definitions
from usager_server.errors import FHIRError, TooCostly
from usager_server.fhirpath import Environment, compile

LITTLE = Environment(budget=200_000, seconds=0.1)  # what time alone stops is too much on any machine
MANY = {"resourceType": "Patient", "name": [{"given": [str(n) for n in range(100)]} for _ in range(100)]}


@pytest.mark.parametrize(
    "text",
    [
        "descendants().where(%resource.descendants().count() > 0)",
        "name.given.select(%resource.name.given)",
        "(1).repeat(iif($this < 1000000, $this + 1, {}))",
        "name.given.aggregate($total.combine($total | $this), 'a').count()",
        "name.given.aggregate($total & $total, 'abcdefgh').length()",
        "name.given.select(%context.name.given.where($this = 'x'))",
        "name.repeat(%context.name.select(given + 'x'))",
        "name.given.all(%context = %context.where(true))",
    ],
)
def test_an_expression_without_end_is_stopped(ask: Ask, text: str) -> None:
    with at_most(5), pytest.raises(FHIRError):
        ask(text, MANY, LITTLE)


def test_the_refusal_names_the_cause(ask: Ask) -> None:
    with pytest.raises(TooCostly, match="more than 50 nodes"):
        ask("descendants()", MANY, Environment(budget=50))


def test_a_regular_expression_takes_linear_time(ask: Ask) -> None:
    with at_most(1):
        assert ask(f"'{'a' * 10_000}!'.matches('^(a+)+$')") == [False]


def test_a_deep_resource_is_no_trouble(ask: Ask) -> None:
    extension: dict[str, Any] = {"url": "u", "valueString": "deep"}
    for _ in range(95):
        extension = {"url": "u", "extension": [extension]}
    patient = {"resourceType": "Patient", "extension": [extension]}
    assert ask("descendants().where($this is string and $this = 'deep').count()", patient) == [1]
    assert ask("repeat(extension).count()", patient) == [96]


def test_types_from_outside_are_not_remembered(ask: Ask, definitions: Definitions) -> None:
    evaluator = compile("contained.where($this is Patient).name", definitions)
    ancestors, maps = len(definitions._ancestors), len(definitions._property_maps)
    for number in range(50):
        evaluator.items({"resourceType": "Patient", "contained": [{"resourceType": f"Made{number}up"}]})
    assert len(definitions._ancestors) <= ancestors + 3
    assert len(definitions._property_maps) <= maps + 3
