"""Every scenario of every room, each as a test, against a fresh server and its sandbox."""

import pytest

from tests.whole import EVERY_PROFILE
from usager_server.conformity.record import Verdict
from usager_server.conformity.running import prove
from usager_server.plugins import activate, scenarios, survey

SCENARIOS = scenarios(activate(EVERY_PROFILE.split(",")))


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(it, id=it.name, marks=[pytest.mark.requirement(each) for each in it.ids]) for it in SCENARIOS],
)
def test_scenario(scenario, target):
    record = prove(scenario, target)
    assert record.verdict is Verdict.PASSED, "\n".join([record.not_run, *record.reasons])


def test_no_scenario_is_left_out():
    assert {it.name for it in scenarios(survey())} == {it.name for it in SCENARIOS}
