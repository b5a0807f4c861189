"""Which tests run, and in which order: those that an auditor asks for (`--requirement MS.CDM/VT`), servers first."""

import re
from collections.abc import Iterable

import pytest

START_SERVERS = ("conformity", "proofs", "backup", "journeys", "proxy")
"""Rooms of few tests that last: at the end of a run one process would still be at them when the others are done."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    text = "run only the tests marked with this requirement, or with one that begins so (MS.CDM/VT); may be repeated"
    parser.addoption("--requirement", action="append", default=[], metavar="ID", help=text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of other requirements; begin with the rooms that start servers."""
    wanted = config.getoption("--requirement")
    if wanted:
        kept = [item for item in items if proves(wanted, _identifiers(item))]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
    items.sort(key=lambda item: not item.nodeid.startswith(tuple(f"tests/{room}/" for room in START_SERVERS)))


def proves(wanted: Iterable[str], identifiers: Iterable[str]) -> bool:
    """Tell whether one of these IDs is wanted, whole or by its beginning: VT.1 does not ask for VT.10."""
    begins = re.compile("|".join(rf"{re.escape(each)}(?![A-Za-z0-9])" for each in wanted))
    return any(begins.match(identifier) for identifier in identifiers)


def _identifiers(item: pytest.Item) -> list[str]:
    return [identifier for mark in item.iter_markers("requirement") for identifier in mark.args]
