"""The AGGIR calculation: from the eight discriminant variables of a person's autonomy to the rank and the GIR."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Autonomy:
    """The outcome. Shape: rank from 1 to 13, gir from 1 (most dependent) to 6."""

    rank: int
    gir: int


@cache
def table() -> Mapping[str, Any]:
    """Return the table of weights, thresholds and ranks, with its version and source."""
    return tomllib.loads(files(__package__).joinpath("aggir.toml").read_text(encoding="utf-8"))


def variables() -> tuple[str, ...]:
    """Return the names of the eight discriminant variables, in the order of the table."""
    return tuple(table()["variables"])


def autonomy(grades: Mapping[str, str]) -> Autonomy:
    """Return the rank and GIR of eight grades, each A (does it alone), B (in part) or C (does not)."""
    ordered = [grades[name] for name in variables()]
    rank = next((rank for group in table()["group"] if (rank := _rank(group, ordered))), table()["last_rank"])
    return Autonomy(rank, table()["gir"][str(rank)])


def _rank(group: Mapping[str, Any], grades: list[str]) -> int | None:
    score = sum(group[grade][place] for place, grade in enumerate(grades) if grade != "A")
    return next((rank for threshold, rank in group["thresholds"] if score >= threshold), None)
