"""The facts of the référentiel, by identifier: `facts.csv`, made by `scripts/build_requirement_facts.py`."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

RETIRED = "retired"
SOURCE = "DSR-MS-DUI-Va2"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one identifier.

    Shape   chapter ("3.2.2 a") and function ("2.3", or the family of those without a number) are keys of `names`;
            obligation is mandatory, suggestion or retired; profiles are keys, any of which brings the requirement;
            spared holds the one that lifts it when it is the only sector profile.
    Source  DSR-MS-DUI-Va2, chapter 3.
    """

    id: str
    chapter: str
    function: str
    wave: int
    obligation: str
    kind: str
    profiles: tuple[str, ...]
    spared: str


@cache
def facts() -> Mapping[str, Fact]:
    """Return every fact by identifier, in the order of the référentiel."""
    with files(__package__).joinpath("facts.csv").open(encoding="utf-8") as file:
        return {row["id"]: _fact(row) for row in csv.DictReader(file)}


@cache
def names() -> Mapping[str, Mapping[str, str]]:
    """Return our own names of the chapters and functions: names()["chapter"]["3.2.4"]."""
    return tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8"))


def _fact(row: Mapping[str, str]) -> Fact:
    return Fact(
        id=row["id"],
        chapter=row["chapter"],
        function=row["function"],
        wave=int(row["wave"]),
        obligation=row["obligation"],
        kind=row["kind"],
        profiles=tuple(row["profiles"].split()),
        spared=row["spared"],
    )
