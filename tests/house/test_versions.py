"""The version: one number everywhere, and numbers that sort as the releases came."""

import re
import tomllib
from datetime import date

import pytest
from packaging.version import Version

from tests.house.files import ROOT
from usager_server import __released__, __version__

RELEASE = re.compile(r"^## (\S+) \((\d{4}-\d{2}-\d{2})\)$", re.MULTILINE)


def releases() -> list[tuple[str, str]]:
    """Return the releases that the changes tell of, newest first: number, day."""
    return RELEASE.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


@pytest.mark.requirement("P-GEN-01")
def test_a_later_release_has_a_greater_number():
    numbers = [Version(number) for number, _ in releases()]
    days = [date.fromisoformat(day) for _, day in releases()]
    assert numbers == sorted(set(numbers), reverse=True)
    assert days == sorted(days, reverse=True)


@pytest.mark.requirement("P-GEN-01")
def test_a_number_is_three_numbers():
    assert [number for number, _ in releases() if not re.fullmatch(r"\d+\.\d+\.\d+", number)] == []


def test_the_number_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (__version__, __released__) == releases()[0]
    assert project["version"] == __version__
