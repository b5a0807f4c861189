"""Which parameters may narrow a scope."""

import pytest

from usager_server.access.narrowing import check_narrowing
from usager_server.access.scopes import BadScope, parse_scope
from usager_server.search.parameters import SearchRegistry


@pytest.mark.parametrize(
    "scope",
    [
        "patient/Observation.rs",
        "patient/Observation.rs?category=laboratory",
        "user/Encounter.r?service-provider=Organization/1",
        "user/Observation.r?date=2026-01-01",
        "user/*.rs?_tag=shown",
        "user/*.rs?category=laboratory",
    ],
)
def test_a_scope_that_can_be_held(search_registry: SearchRegistry, scope: str):
    check_narrowing(search_registry, parse_scope(scope))


@pytest.mark.parametrize(
    ("scope", "why"),
    [
        ("user/Patient.rs?category=laboratory", "'category' is no token"),
        ("user/Patient.rs?name=martin", "'name' is no token"),
        ("user/Nothing.rs?code=1", "'code' is no token"),
        ("user/Observation.rs?date=ge2026", "not by ge"),
        ("user/Observation.rs?date=soon", "no condition on Observation"),
        ("user/*.rs?nothing=1", "no resource type"),
        ("user/*.rs?name=martin", "no resource type"),
    ],
)
def test_a_scope_that_cannot_says_why(search_registry: SearchRegistry, scope: str, why: str):
    with pytest.raises(BadScope, match=why):
        check_narrowing(search_registry, parse_scope(scope))
