"""What was measured beside what was aimed at: a table for the eye, a plot, and the figures as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Latencies = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a target of the design and what was measured.

    Shape   target None: a figure given for comparison. note says how the figure is made up.
    """

    name: str
    unit: str
    measured: float
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Return how the measure stands to the target: 1 or more is reached, whichever way the target goes."""
        if not self.target or not self.measured:
            return None
        return self.measured / self.target if self.at_least else self.target / self.measured

    @property
    def bound(self) -> str:
        """Return the target in words."""
        return "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:g}"


def print_rows(rows: Sequence[Row], title: str) -> None:
    """Print the targets and the measures."""
    table = Table("what", "unit", "target", "measured", "ratio", "of what", title=title)
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}{'' if row.ratio >= 1 else ' ←'}"
        table.add_row(row.name, row.unit, row.bound, f"{row.measured:,.3g}", ratio, row.note)
    Console(width=150).print(table)


def print_shapes(by_population: Mapping[int, Latencies]) -> None:
    """Print p50 and p95 of every shape at every population, and how flat it is from the smallest to the largest."""
    sizes = sorted(by_population)
    columns = [f"{size:,} persons {which}" for size in sizes for which in ("p50", "p95")]
    table = Table("search shape", *columns, "×", title="Search shapes, milliseconds")
    for name in by_population[sizes[0]]:
        cells = [f"{by_population[size][name][which]:.2f}" for size in sizes for which in ("p50", "p95")]
        table.add_row(name, *cells, f"{_growth(by_population, sizes, name):.1f}")
    Console(width=150).print(table)


def write_json(path: Path, rows: Sequence[Row], by_population: Mapping[int, Latencies], **facts: Any) -> None:
    """Write every figure, for comparisons later."""
    told = {"facts": facts, "rows": [asdict(row) for row in rows], "shapes": by_population}
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def plot(path: Path, rows: Sequence[Row], by_population: Mapping[int, Latencies], title: str) -> None:
    """Write the picture: the ratio to each target on the left, the p95 of each shape on the right."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(15, 8), width_ratios=(2, 3))
    aimed = [row for row in rows if row.ratio is not None][::-1]
    left.barh([row.name for row in aimed], [row.ratio for row in aimed], color=[_colour(row) for row in aimed])
    left.axvline(1, color="black", linewidth=1)
    left.set(title="measured / target (1 and more: reached)", xlabel="ratio")
    for place, row in enumerate(aimed):
        left.text(0.02, place, f"{row.measured:,.3g} {row.unit}  ({row.bound})", va="center", fontsize=8)
    sizes = sorted(by_population)
    names = list(by_population[sizes[0]])[::-1]
    for nth, size in enumerate(sizes):
        places = [place + 0.8 * (nth - len(sizes) / 2 + 0.5) / len(sizes) for place in range(len(names))]
        values = [by_population[size][name]["p95"] for name in names]
        right.barh(places, values, height=0.8 / len(sizes), label=f"{size:,} persons")
    right.set_yticks(range(len(names)), names, fontsize=7)
    right.set(title="p95 of the search shapes, ms", xscale="log")
    right.set_xlim(left=1)  # bars on a logarithmic scale need a beginning that does not depend on the shortest
    right.axvline(20, color="black", linewidth=1)
    right.legend()
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _growth(by_population: Mapping[int, Latencies], sizes: Sequence[int], name: str) -> float:
    return by_population[sizes[-1]][name]["p50"] / max(by_population[sizes[0]][name]["p50"], 1e-9)


def _colour(row: Row) -> str:
    return "#7fb77e" if (row.ratio or 0) >= 1 else "#e0a458"
