"""The reader of the ledgers: the `requirements.toml` of each plugin, a line for each requirement it answers for."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from usager_server.requirements.facts import RETIRED

STATUSES = ("done", "todo", "exempt", RETIRED)
FIELDS = {"status": str, "title": str, "because": str, "where": str, "profiles": list, "ships": list}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a ledger.

    Shape   status is done, todo, exempt or retired; title our own words, in French; because says why it is exempt, and
            ships the files that help with it; where names the file of the package that meets it, when no function does;
            profiles those that bring it, when they are several or none of the plugin's.
    """

    id: str
    status: str
    title: str = ""
    because: str = ""
    where: str = ""
    profiles: tuple[str, ...] = ()
    ships: tuple[str, ...] = ()


class LedgerError(Exception):
    """A ledger that cannot be read; the text names its package, and the line or the requirement."""


def ledger(package: str) -> Sequence[Requirement]:
    """Return the requirements that a package answers for, in its order. Errors: LedgerError."""
    try:
        text = files(package).joinpath("requirements.toml").read_text(encoding="utf-8")
        return list(_parsed(text))
    except (OSError, ValueError, ModuleNotFoundError) as error:
        raise LedgerError(f"{package}/requirements.toml: {error}") from error


@lru_cache(maxsize=32)
def _parsed(text: str) -> Sequence[Requirement]:
    """Return the requirements of a ledger's text, read once: the server and the lists ask for them again and again."""
    return tuple(_requirements(tomllib.loads(text)))


def _requirements(content: Mapping[str, Any]) -> Iterator[Requirement]:
    unknown = sorted(set(content) - {"requirement", RETIRED})
    if unknown:
        raise ValueError(f"{unknown[0]} is not known; a ledger holds retired = [...] and [requirement]")
    yield from (Requirement(identifier, RETIRED) for identifier in _texts(RETIRED, content.get(RETIRED, [])))
    lines = content.get("requirement", {})
    if not isinstance(lines, dict):
        raise ValueError("requirement is a table: [requirement]")
    for identifier, line in lines.items():
        yield _requirement(identifier, line)


def _requirement(identifier: str, line: Mapping[str, Any]) -> Requirement:
    if not isinstance(line, dict):
        raise ValueError(f"{identifier}: a line is a table: {{ status = ..., title = ... }}")
    for name, value in line.items():
        if name not in FIELDS or not isinstance(value, FIELDS[name]):
            known = ", ".join(f"{field} ({kind.__name__})" for field, kind in FIELDS.items())
            raise ValueError(f"{identifier}: {name} = {value!r} is not a field; the fields are {known}")
    told: dict[str, Any] = {name: _texts(name, it) if isinstance(it, list) else it for name, it in line.items()}
    found = Requirement(identifier, **{"status": "", **told})
    _refuse_half_told(found)
    return found


def _texts(name: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name}: {values!r} is not a list of texts")
    return tuple(values)


def _refuse_half_told(found: Requirement) -> None:
    if found.status not in STATUSES or (found.status == RETIRED):
        raise ValueError(f"{found.id}: status is {found.status!r}; it must be done, todo or exempt")
    if not found.title.strip():
        raise ValueError(f"{found.id}: a requirement has a title")
    if found.status == "exempt" and not found.because.strip():
        raise ValueError(f"{found.id}: an exempt requirement says because = ...")
