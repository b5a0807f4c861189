"""No identity in what is said of a resource: answers and logs repeat no trait of a person."""

from typing import Any

import pytest

from tests.validation.conftest import Check

TRAIT = "ADRUN1975"


@pytest.mark.parametrize(
    "change",
    [
        {"birthDate": TRAIT},
        {"identifier": [{"system": f"urn: {TRAIT}", "value": "1"}]},
        {"identifier": [{"use": TRAIT}]},
        {"name": [{"use": TRAIT}]},
        {"telecom": [{"system": TRAIT}]},
        {"address": [{"use": TRAIT}]},
        {"contact": [{"gender": TRAIT}]},
        {"text": {"status": TRAIT, "div": f"<div>{TRAIT}</div>"}},
        {"name": [{"family": f"{TRAIT}\x07"}]},
    ],
)
def test_a_trait_is_not_repeated(check: Check, patient: dict[str, Any], change: dict[str, Any]) -> None:
    issues = check({**patient, **change})
    assert issues
    assert not any(TRAIT in issue.diagnostics for issue in issues)


def test_a_code_is_repeated_and_cut(check: Check, patient: dict[str, Any]) -> None:
    issues = check({**patient, "gender": "F" * 500})
    assert f"'{'F' * 39}…'" in issues[0].diagnostics
