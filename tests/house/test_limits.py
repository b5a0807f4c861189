"""The limits: each in the module of its floor, each in the page that lists them."""

from importlib import import_module

import pytest

from tests.house.files import ROOT

FLOORS = (
    "authorization",
    "backup",
    "http",
    "interactions",
    "search",
    "repository",
    "validation",
    "fhirpath",
    "xmltext",
)


@pytest.mark.parametrize("floor", FLOORS)
def test_every_limit_is_listed(floor: str):
    names = [name for name in vars(import_module(f"usager_server.{floor}.limits")) if name.isupper()]
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    assert names
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_floor_with_limits_is_looked_at():
    found = {path.parent.name for path in (ROOT / "server" / "usager_server").rglob("limits.py")}
    assert found == set(FLOORS)
