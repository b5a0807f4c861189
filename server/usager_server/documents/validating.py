"""`usager cda validate`: files in, findings out, in one process that keeps what it has compiled."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from usager_cda.safety import LIMITS
from usager_cda.validation import Remark, Report, check_document
from usager_cda.validation.engine import RulesEngine
from usager_cda.validation.pack import PackError

VALID, INVALID, WRONG_USE = 0, 1, 2
COLUMNS = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[invalid]} with errors"), TimeRemainingColumn())
STYLES = {"error": "red", "warning": "yellow", "information": "dim"}

WIDE = 200
"""Columns of a report that goes to a file."""

Judge = Callable[[bytes], Report]


def run(paths: Sequence[Path], rules: Path | None, cache: Path | None, *, as_json: bool, with_warnings: bool) -> int:
    """Validate each document and return the exit code. Reports go to standard output, progress to standard error."""
    console = Console(stderr=True)
    missing = [path for path in (*paths, *filter(None, (rules,))) if not path.exists()]
    wanted = list(_documents(paths))
    if missing or not wanted:
        said = f"{missing[0]} is not there" if missing else "there is no .xml file in what was named"
        console.print(f"usager: {said}", style="red", markup=False, soft_wrap=True)
        return WRONG_USE
    try:
        with _judge(rules, cache) as judge:
            return _all(wanted, judge, console, as_json=as_json, with_warnings=with_warnings)
    except PackError as error:
        console.print(f"usager: {error}", style="red", markup=False, soft_wrap=True)
        return WRONG_USE


@contextmanager
def _judge(rules: Path | None, cache: Path | None) -> Iterator[Judge]:
    if rules is None:
        yield check_document
        return
    engine = RulesEngine(rules, cache or default_cache())
    try:
        yield engine.validate
    finally:
        engine.close()


def default_cache() -> Path:
    """Return where compiled rules are kept for the person who types."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "usager" / "cda-rules"


def _all(wanted: Sequence[Path], judge: Judge, console: Console, *, as_json: bool, with_warnings: bool) -> int:
    output, invalid = Console(soft_wrap=as_json, width=None if sys.stdout.isatty() else WIDE), 0
    with Progress(*COLUMNS, console=console) as progress:
        task = progress.add_task("", total=len(wanted), invalid=0)
        for path in wanted:
            report = _report(path, judge)
            invalid += not report.is_valid or bool(report.left_out)
            if as_json:
                output.print(json.dumps(_as_json(path, report), ensure_ascii=False), markup=False, highlight=False)
            else:
                _tell(path, report, output, with_warnings=with_warnings)
            progress.update(task, advance=1, invalid=invalid)
    console.print(f"{len(wanted) - invalid} without error, {invalid} with errors", markup=False)
    return INVALID if invalid else VALID


def _documents(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(each for each in path.rglob("*.xml") if each.is_file()) if path.is_dir() else [path]


def _report(path: Path, judge: Judge) -> Report:
    try:
        if path.stat().st_size > LIMITS.size_bytes:
            return Report([Remark("size", "error", f"The file is over {LIMITS.size_bytes} bytes")])
        return judge(path.read_bytes())
    except OSError as error:
        return Report([Remark("file", "error", str(error))])


def _as_json(path: Path, report: Report) -> dict[str, object]:
    return {
        "file": str(path),
        "valid": report.is_valid,
        "layers_ms": dict(report.applied),
        "left_out": dict(report.left_out),
        "remarks": [remark.as_json() for remark in report.remarks],
    }


def _tell(path: Path, report: Report, output: Console, *, with_warnings: bool) -> None:
    counts = f"{report.count('error')} errors, {report.count('warning')} warnings"
    layers = ", ".join(f"{name} {spent:.0f} ms" for name, spent in report.applied.items())
    output.print(f"{path}: {counts} ({layers})", markup=False, soft_wrap=True)
    for name, reason in report.left_out.items():
        output.print(f"  {name} was not applied: {reason}", style="red", markup=False, soft_wrap=True)
    shown = [remark for remark in report.remarks if with_warnings or remark.severity == "error"]
    if not shown:
        return
    table = Table("severity", "layer", "rule", "line", box=None, padding=(0, 1), show_edge=False)
    table.add_column("what", overflow="fold")
    for remark in shown:
        expected = f"; expected {remark.expected}" if remark.expected else ""
        where = f"\n{remark.xpath}" if remark.xpath else ""
        cells = (
            remark.severity,
            remark.layer,
            remark.rule,
            str(remark.line or ""),
            f"{remark.message}{expected}{where}",
        )
        table.add_row(*map(_plain, cells), style=STYLES.get(remark.severity))
    output.print(table)


def _plain(text: str) -> str:
    """Return a text in which rich reads no markup."""
    return text.replace("[", "\\[")
