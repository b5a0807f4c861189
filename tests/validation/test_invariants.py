"""Invariants: the closures by example, and their agreement with the FHIRPath expressions they stand for."""

import random
from collections import defaultdict
from typing import Any

import pytest

from tests.validation.conftest import Check
from tests.validation.helpers import found
from tests.validation.random_nodes import RandomNodes
from usager_server.definitions import Definitions, Invariant
from usager_server.errors import Invalid
from usager_server.fhirpath import Environment, Evaluator, Node, compile
from usager_server.validation.invariants.rules import ELSEWHERE, NATIVE, Rules
from usager_server.validation.walk import Walk

NODES_PER_PLACE = 60
# R4 prints 'no-show'; the code of the value set is noshow, and later versions say so.
OUR_READING = frozenset({"app-4"})

BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
ORGANIZATION: dict[str, Any] = {"resourceType": "Organization", "id": "o", "name": "x"}
CONTAINING: dict[str, Any] = {"resourceType": "Patient", "managingOrganization": {"reference": "#o"}}


def broken(issues: Any) -> list[str]:
    """Return the keys of the invariants that are broken."""
    return [issue.diagnostics.rpartition("(")[2].rstrip(")") for issue in issues if issue.code == "invariant"]


CASES: list[tuple[str, dict[str, Any]]] = [
    ("dom-2", {**CONTAINING, "contained": [{**ORGANIZATION, "contained": [{**ORGANIZATION, "id": "p"}]}]}),
    ("dom-3", {"resourceType": "Patient", "contained": [ORGANIZATION]}),
    ("dom-4", {**CONTAINING, "contained": [{**ORGANIZATION, "meta": {"versionId": "1"}}]}),
    ("dom-5", {**CONTAINING, "contained": [{**ORGANIZATION, "meta": {"security": [{"code": "R"}]}}]}),
    ("ext-1", {"resourceType": "Patient", "extension": [{"url": "http://example.org/x"}]}),
    ("pat-1", {"resourceType": "Patient", "contact": [{"gender": "male"}]}),
    ("per-1", {"resourceType": "Patient", "address": [{"period": {"start": "2021-02", "end": "2021-01-31"}}]}),
    ("cpt-2", {"resourceType": "Patient", "telecom": [{"value": "1"}]}),
    ("att-1", {"resourceType": "Patient", "photo": [{"data": "QUJD"}]}),
    ("org-1", {"resourceType": "Organization", "active": True}),
    ("org-2", {"resourceType": "Organization", "name": "x", "address": [{"use": "home", "city": "y"}]}),
    ("bdl-1", {**BUNDLE, "total": 1}),
    ("bdl-2", {**BUNDLE, "entry": [{"resource": ORGANIZATION, "search": {"mode": "match"}}]}),
    ("bdl-3", {**BUNDLE, "entry": [{"resource": ORGANIZATION, "request": {"method": "GET", "url": "x"}}]}),
    ("bdl-4", {**BUNDLE, "entry": [{"resource": ORGANIZATION, "response": {"status": "200"}}]}),
    ("bdl-5", {**BUNDLE, "entry": [{"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}]}),
    ("bdl-7", {**BUNDLE, "entry": [{"fullUrl": "http://a/b", "resource": ORGANIZATION}] * 2}),
    ("bdl-8", {**BUNDLE, "entry": [{"fullUrl": "http://a/b/_history/1", "resource": ORGANIZATION}]}),
    ("bdl-12", {**BUNDLE, "type": "message", "entry": [{"resource": ORGANIZATION}]}),
]


@pytest.mark.parametrize(("key", "resource"), CASES)
def test_a_broken_invariant_is_named(check: Check, key: str, resource: dict[str, Any]) -> None:
    assert key in broken(check(resource))


@pytest.mark.parametrize(
    "period",
    [
        {"start": "2021", "end": "2021-05-01"},
        {"start": "2021-05-01T10:00:00+02:00", "end": "2021-05-01T09:00:00Z"},
        {"start": "2021-05-01T10:00:00Z", "end": "2021-05-01"},
        {"start": "2016-12-31T23:59:60Z", "end": "2016-12-31T23:59:60Z"},
        {"start": "2021"},
    ],
)
def test_a_period_that_may_be_sound_is_accepted(check: Check, period: dict[str, str]) -> None:
    assert check({"resourceType": "Patient", "address": [{"period": period}]}) == []


def test_an_observation_value_and_its_absence_exclude_each_other(check: Check, observation: dict[str, Any]) -> None:
    reason = {"text": "refused"}
    assert broken(check({**observation, "dataAbsentReason": reason})) == ["obs-6"]


def test_a_component_may_not_repeat_the_code_of_a_valued_observation(check: Check, observation: dict[str, Any]) -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    component = {"code": code, "valueString": "x"}
    assert broken(check({**observation, "code": code, "component": [component]})) == ["obs-7"]


def test_a_rare_invariant_goes_through_fhirpath(check: Check) -> None:
    assert "lnk-1" not in NATIVE
    issues = check({"resourceType": "Linkage", "item": [{"type": "source", "resource": {"reference": "Patient/1"}}]})
    assert found(issues) == [("invariant", "Linkage")]


def test_the_closures_agree_with_the_expressions_wherever_these_decide(definitions: Definitions) -> None:
    nodes = RandomNodes(definitions, random.Random(4))  # noqa: S311  # the same nodes each time
    rules = Rules(definitions, frozenset({"error"}))
    decided: dict[str, set[bool]] = defaultdict(set)
    for place, kind, invariants in _places(definitions):
        pairs = [(invariant, *_two(rules, place, kind, invariant, definitions)) for invariant in invariants]
        for _ in range(NODES_PER_PLACE):
            node = nodes.of(kind)
            walk = Walk(node)
            for invariant, holds, evaluator in pairs:
                truth = _truth(evaluator, node, kind)
                if truth is not None:
                    assert holds(node, walk) == truth, (invariant.key, place, node)
                    decided[invariant.key].add(truth)
    assert len(decided) > 80
    assert sum(len(answers) == 2 for answers in decided.values()) > 60


def _places(definitions: Definitions) -> list[tuple[str, str, list[Invariant]]]:
    """Return the places that have invariants with a closure: path, type, invariants."""
    places = []
    for known in definitions.types.values():
        if known.kind != "primitive" and not known.abstract:
            places.append((known.name, known.name, _native(known.name, known.invariants)))
        for element in known.elements:
            kinds = [kind for kind in element.types if definitions.types[kind].kind == "complex"]
            path = f"{known.name}.{element.name}"
            places += [(path, kind, _native(path, element.invariants)) for kind in kinds]
    return [place for place in places if place[2]]


def _native(place: str, invariants: Any) -> list[Invariant]:
    return [
        each
        for each in invariants
        if (f"{place}:{each.key}" in NATIVE or each.key in NATIVE)
        and not each.key.startswith("dom-")
        and each.severity == "error"
        and each.key not in {*ELSEWHERE, *OUR_READING}
    ]


def _two(rules: Rules, place: str, kind: str, invariant: Invariant, definitions: Definitions) -> tuple[Any, Evaluator]:
    return rules.of(place, kind, [invariant])[0][0], compile(invariant.expression, definitions)


def _truth(evaluator: Evaluator, node: dict[str, Any], kind: str) -> bool | None:
    resource = Node(node, kind)
    try:
        return evaluator.truth(resource, Environment(resource=resource, root_resource=resource))
    except Invalid:
        return None
