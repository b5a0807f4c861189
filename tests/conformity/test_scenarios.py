"""Every scenario of every room, each as a test, against a fresh server and its sandbox."""

import pytest

from tests.conformity.conftest import variant_of
from tests.whole import EVERY_PROFILE
from usager_server.conformity.record import Verdict
from usager_server.conformity.running import prove
from usager_server.plugins import activate, scenarios, stand_ins, survey
from usager_server.sandbox.stand_in import lacking

ACTIVE = activate(EVERY_PROFILE.split(","))
SCENARIOS = scenarios(ACTIVE)
STAND_INS = {it.name: it for it in stand_ins(ACTIVE)}


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(it, id=it.name, marks=[pytest.mark.requirement(each) for each in it.ids]) for it in SCENARIOS],
)
def test_scenario(scenario, serving):
    missing = [need for name in scenario.stand_ins for need in lacking(STAND_INS[name])]
    if missing:
        pytest.skip(f"not here, or too old: {' and '.join(missing)}")
    record = prove(scenario, serving(variant_of(scenario)))
    assert record.verdict is Verdict.PASSED, "\n".join([record.not_run, *record.reasons])


def test_no_scenario_is_left_out():
    assert {it.name for it in scenarios(survey())} == {it.name for it in SCENARIOS}
