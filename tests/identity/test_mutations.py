"""The tests of the table of transitions, put to the proof: a rule that is changed in memory turns one of them red."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.identity import test_transitions as tests
from usager_server.identity import transitions
from usager_server.identity.events import DeviceChecked, Ticked, TraitsEdited
from usager_server.identity.status import Status
from usager_server.identity.transition_table import BY_CELL, RULES, Act, Rule

CHANGES = {"becomes": Status, "insi": Act, "device": (Act.keep, Act.put, Act.drop)}
"""What each part of a cell could be instead."""


def put_in_force(patch: pytest.MonkeyPatch, rule: Rule) -> None:
    """Put a rule in the place of that of its cell: before the code and before its tests."""
    cell = (rule.event, rule.when, rule.status)
    rules = tuple(rule if (each.event, each.when, each.status) == cell else each for each in RULES)
    patch.setattr(tests, "RULES", rules)
    patch.setitem(BY_CELL, cell, rule)  # type: ignore[arg-type] - a mapping that nobody changes elsewhere


def is_red(rule: Rule) -> bool:
    """Say whether the tests of the table fail."""
    try:
        tests.test_the_table_has_the_cells_that_the_rniv_asks_for()
        tests.test_each_cell_of_the_table(rule)
    except AssertionError:
        return True
    return False


def mutants(rule: Rule) -> Iterator[Rule]:
    """Yield the rule with one of its parts changed, in each way; a refusal, allowed."""
    if rule.because:
        yield replace(rule, because="")
        return
    yield replace(rule, because="Refusé.")
    for part, others in CHANGES.items():
        yield from (replace(rule, **{part: each}) for each in others if each != getattr(rule, part))


@pytest.mark.parametrize(
    ("event", "when", "status", "part", "other"),
    [
        (Ticked, "douteuse", Status.qualifiee, "insi", Act.keep),
        (TraitsEdited, "strict", Status.validee, "device", Act.keep),
        (DeviceChecked, "", Status.recuperee, "becomes", Status.recuperee),
    ],
    ids=["a doubt leaves the INS", "an edit leaves the check", "a device does not qualify"],
)
def test_a_rule_that_is_wrong_turns_the_tests_red(monkeypatch, event, when, status, part, other):
    rule = BY_CELL[event, when, status]
    assert not is_red(rule)
    put_in_force(monkeypatch, wrong := replace(rule, **{part: other}))
    assert is_red(wrong)


def test_no_change_of_the_table_that_changes_an_identity_goes_unseen():
    unseen = []
    for rule in RULES:
        patient, event = tests.begun(rule), tests.happening(rule)
        right = transitions.apply(patient, event)
        for other in mutants(rule):
            with pytest.MonkeyPatch.context() as patch:
                put_in_force(patch, other)
                is_another = other.becomes != rule.becomes or transitions.apply(patient, event) != right
                if is_another and not is_red(other):
                    unseen.append(other)
    assert unseen == []
