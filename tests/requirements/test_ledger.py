"""Reading a ledger: what it says, and what is refused."""

import sys
from pathlib import Path

import pytest

from usager_server import ledger
from usager_server.requirements.ledger import LedgerError, Requirement


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes a package with a ledger, and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> str:
        (tmp_path / "usager_written").mkdir()
        (tmp_path / "usager_written" / "__init__.py").touch()
        (tmp_path / "usager_written" / "requirements.toml").write_text(text, encoding="utf-8")
        return "usager_written"

    yield write
    sys.modules.pop("usager_written", None)


def test_a_line_says_where_a_requirement_stands(written):
    package = written('[requirement]\n"A.01" = { status = "todo", title = "À faire", profiles = ["pa", "pde"] }\n')
    assert ledger(package) == [Requirement("A.01", "todo", "À faire", profiles=("pa", "pde"))]


def test_retired_ones_are_only_listed(written):
    assert ledger(written('retired = ["A.01", "A.02"]')) == [
        Requirement("A.01", "retired"),
        Requirement("A.02", "retired"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[requirement]\n"A.01" = { title = "x" }\n"A.01" = { title = "x" }\n',
            "line 3",
        ),
        ('[requirement]\n"A.01" = { status = "finished", title = "x" }\n', "A.01: status is 'finished'"),
        ('[requirement]\n"A.01" = { status = "retired", title = "x" }\n', "A.01: status is 'retired'"),
        ('[requirement]\n"A.01" = { title = "x" }\n', "A.01: status is ''"),
        ('[requirement]\n"A.01" = { status = "todo" }\n', "A.01: a requirement has a title"),
        ('[requirement]\n"A.01" = { status = "exempt", title = "x" }\n', "A.01: an exempt requirement says because"),
        ('[requirement]\n"A.01" = { status = "todo", titel = "x" }\n', "A.01: titel = 'x' is not a field"),
        ('[requirement]\n"A.01" = { status = "todo", title = 3 }\n', "A.01: title = 3 is not a field"),
        ('[requirement]\n"A.01" = { status = "todo", title = "x", ships = [3] }\n', "is not a list of texts"),
        ('[requirement]\n"A.01" = "todo"\n', "A.01: a line is a table"),
        ('[requirements]\n"A.01" = "todo"\n', "requirements is not known"),
        ('retired = "A.01"\n', "'A.01' is not a list of texts"),
        ("requirement = 3\n", "requirement is a table"),
    ],
)
def test_a_ledger_that_will_not_do_is_refused_by_name(written, text, told):
    with pytest.raises(LedgerError, match=r"^usager_written/requirements\.toml: ") as refused:
        ledger(written(text))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_package_without_a_ledger_is_named():
    with pytest.raises(LedgerError, match=r"usager_server\.http/requirements\.toml"):
        ledger("usager_server.http")
