"""The requirements: `@fulfils` on the code that meets one, and the reader of the ledgers (`requirements.toml`)."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])

STATUSES = ("done", "todo", "exempt")

fulfilled: dict[str, list[str]] = {}


def fulfils(*requirement_ids: str) -> Callable[[Function], Function]:
    """Mark the function that would change if one of these requirements did."""

    def mark(function: Function) -> Function:
        for requirement_id in requirement_ids:
            fulfilled.setdefault(requirement_id, []).append(f"{function.__module__}.{function.__qualname__}")
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a ledger.

    Shape   status is done, todo or exempt; because says why it is exempt; where names the data file that meets it.
    """

    id: str
    status: str
    title: str
    source: str
    because: str = ""
    where: str = ""


class LedgerError(Exception):
    """A ledger that cannot be read; the text names its package and line."""


def ledger(package: str) -> Sequence[Requirement]:
    """Return the requirements that a package answers for, in its order. Errors: LedgerError."""
    try:
        text = files(package).joinpath("requirements.toml").read_text(encoding="utf-8")
        tables = tomllib.loads(text).get("requirement", {})
        return [_requirement(identifier, table) for identifier, table in tables.items()]
    except (OSError, ValueError, TypeError) as error:
        raise LedgerError(f"{package}/requirements.toml: {error}") from error


def _requirement(identifier: str, table: dict[str, str]) -> Requirement:
    requirement = Requirement(id=identifier, **table)
    if requirement.status not in STATUSES:
        raise ValueError(f"{identifier}: status is {requirement.status}; it must be {', '.join(STATUSES)}")
    if requirement.status == "exempt" and not requirement.because:
        raise ValueError(f"{identifier}: an exempt requirement says because = ...")
    return requirement
