"""`usager cda render`: files in, pages or PDFs out, one after the other."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from usager_server.documents.showing import MOST_BYTES, page_of_document, pdf_of_document
from usager_server.errors import FHIRError

DONE, SOME_REFUSED, WRONG_USE = 0, 1, 2
COLUMNS = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[refused]} refused"), TimeRemainingColumn())
SHOWN = {"html": page_of_document, "pdf": pdf_of_document}


def run(paths: Sequence[Path], out: Path, shape: str) -> int:
    """Write the page or the PDF of each document, and return the exit code."""
    console = Console(stderr=True)
    missing = [path for path in paths if not path.exists()]
    wanted = list(_documents(paths))
    if missing or not wanted:
        said = f"{missing[0]} is not there" if missing else "there is no .xml file in what was named"
        console.print(f"usager: {said}", style="red", markup=False, soft_wrap=True)
        return WRONG_USE
    refused = 0
    with Progress(*COLUMNS, console=console) as progress:
        task = progress.add_task("", total=len(wanted), refused=0)
        for source, relative in wanted:
            reason = _show(source, out / relative.with_suffix(f".{shape}"), shape)
            if reason:
                refused += 1
                progress.console.print(f"usager: {source}: {reason}", markup=False, soft_wrap=True)
            progress.update(task, advance=1, refused=refused)
    console.print(f"{len(wanted) - refused} shown in {out}, {refused} refused", markup=False, soft_wrap=True)
    return SOME_REFUSED if refused else DONE


def _documents(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield each file and where it goes: files of a folder keep their place in it."""
    for path in paths:
        if path.is_dir():
            yield from ((each, each.relative_to(path)) for each in sorted(path.rglob("*.xml")) if each.is_file())
        elif path.exists():
            yield path, Path(path.name)


def _show(source: Path, target: Path, shape: str) -> str | None:
    """Write one document; return why not when it cannot be shown."""
    try:
        if source.stat().st_size > MOST_BYTES:
            return f"over {MOST_BYTES} bytes"
        content = SHOWN[shape](source.read_bytes())
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        partial.write_bytes(content)
        partial.replace(target)
    except FHIRError as error:
        return "; ".join(issue.diagnostics for issue in error.issues)
    except OSError as error:
        return str(error)
    return None
