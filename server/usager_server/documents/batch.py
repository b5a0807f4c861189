"""Files and folders in, files out, one after the other: what cannot be done is said and stops nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from usager_server.documents.showing import MOST_BYTES
from usager_server.errors import FHIRError

DONE, SOME_REFUSED, WRONG_USE = 0, 1, 2
COLUMNS = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[refused]} refused"), TimeRemainingColumn())


@dataclass(frozen=True, slots=True)
class Made:
    """What a file was made into: bytes by the suffix of the file to write, and remarks to be told."""

    files: Mapping[str, bytes]
    remarks: Sequence[str] = ()


Make = Callable[[bytes], Made]


def run(paths: Sequence[Path], out: Path, suffix: str, make: Make, done: str) -> int:
    """Make each file with this suffix into others, and return the exit code; done is the word for what was."""
    console = Console(stderr=True)
    missing = [path for path in paths if not path.exists()]
    wanted = list(_files(paths, suffix))
    if missing or not wanted:
        said = f"{missing[0]} is not there" if missing else f"there is no {suffix} file in what was named"
        console.print(f"usager: {said}", style="red", markup=False, soft_wrap=True)
        return WRONG_USE
    refused = 0
    with Progress(*COLUMNS, console=console) as progress:
        task = progress.add_task("", total=len(wanted), refused=0)
        for source, relative in wanted:
            reason, remarks = _one(source, out / relative, make)
            refused += reason is not None
            for text in filter(None, (reason, *remarks)):
                progress.console.print(f"usager: {source}: {text}", markup=False, soft_wrap=True)
            progress.update(task, advance=1, refused=refused)
    console.print(f"{len(wanted) - refused} {done} in {out}, {refused} refused", markup=False, soft_wrap=True)
    return SOME_REFUSED if refused else DONE


def _files(paths: Iterable[Path], suffix: str) -> Iterator[tuple[Path, Path]]:
    """Yield each file and where it goes: files of a folder keep their place in it."""
    for path in paths:
        if path.is_dir():
            found = sorted(each for each in path.rglob(f"*{suffix}") if each.is_file())
            yield from ((each, each.relative_to(path)) for each in found)
        elif path.exists():
            yield path, Path(path.name)


def _one(source: Path, target: Path, make: Make) -> tuple[str | None, Sequence[str]]:
    """Make one file; return why not when it cannot be, and the remarks."""
    try:
        if source.stat().st_size > MOST_BYTES:
            return f"over {MOST_BYTES} bytes", ()
        made = make(source.read_bytes())
        for suffix, content in made.files.items():
            _write(target.with_suffix(suffix), content)
    except FHIRError as error:
        return "; ".join(issue.diagnostics for issue in error.issues), ()
    except OSError as error:
        return str(error), ()
    return None, made.remarks


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(content)
    partial.replace(target)
