"""Shortcuts of these tests."""

from collections.abc import Sequence

from usager_server.errors import Issue


def only(issues: Sequence[Issue]) -> Issue:
    """Return the one issue there is."""
    assert len(issues) == 1, issues
    return issues[0]


def found(issues: Sequence[Issue]) -> list[tuple[str, str | None]]:
    """Return what was found where: code and expression of each issue."""
    return [(issue.code, issue.expression) for issue in issues]
