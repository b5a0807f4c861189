"""`make bench`: the real server, a durable database, synthetic persons, and the table of targets beside measures.

    python -m tests.bench [--quick | --full | --million] [--persons N ...] [--seconds S] [--out FOLDER] [--record]

Everything is made here from a fixed seed; nothing is fetched. Figures are CPU per request of server and database, the
load generator left out, so that they hold on another machine's core count. --record writes docs/performance.png too.
"""

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.bench import accounting, report
from tests.bench.measuring import Plan, measure

OUT = Path(__file__).parents[2] / "build" / "bench"
PICTURE = Path(__file__).parents[2] / "docs" / "performance.png"


def plan_from(arguments: argparse.Namespace) -> Plan:
    """Return what to measure."""
    plan = Plan()
    if arguments.quick:
        plan = Plan(populations=(2_000,), seconds=6, dossiers=60)
    if arguments.full:
        plan = Plan(populations=(10_000, 100_000), seconds=30, dossiers=200)
    if arguments.million:
        plan = Plan(populations=(10_000, 100_000, 1_000_000), seconds=30, dossiers=200)
    if arguments.persons:
        plan = replace(plan, populations=tuple(sorted(arguments.persons)))
    return replace(plan, seconds=arguments.seconds) if arguments.seconds else plan


def main() -> None:
    """Measure, print the tables, and write the figures and the plot."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, 2,000 persons")
    parser.add_argument("--full", action="store_true", help="10,000 then 100,000 persons")
    parser.add_argument("--million", action="store_true", help="and 1,000,000: an hour, 25 GB")
    parser.add_argument("--persons", type=int, nargs="+", help="populations, smallest first")
    parser.add_argument("--seconds", type=float, help="length of each workload")
    parser.add_argument("--out", type=Path, default=OUT, help="where figures and plot go")
    parser.add_argument("--record", action="store_true", help="also write docs/performance.png")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="usager-bench-") as folder:
        measures = measure(plan_from(arguments), Path(folder))
    title = f"Usager at {accounting.revision()}, one worker, durable database, {accounting.machine()}"
    report.print_rows(measures.rows, title)
    report.print_shapes(measures.shapes)
    report.write_json(arguments.out / "figures.json", measures.rows, measures.shapes, title=title)
    report.plot(arguments.out / "performance.png", measures.rows, measures.shapes, title)
    if arguments.record:
        shutil.copy(arguments.out / "performance.png", PICTURE)
    print(f"figures and plot: {arguments.out}")


if __name__ == "__main__":
    main()
