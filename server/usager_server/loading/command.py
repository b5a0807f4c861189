"""`usager load`: a progress bar, a summary, and a file of what was refused."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Annotated

import httpx
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from usager_server.errors import Invalid
from usager_server.loading.journal import Journal
from usager_server.loading.sending import ServerDown, Verdict, send_all
from usager_server.loading.shipment import Shipment, shipments
from usager_server.loading.sources import Item, Source, find_files, items, open_source

DONE, SOME_REFUSED, WRONG_USE, DOWN = 0, 1, 2, 3


class Load:
    """One run: what is sent, what came of it."""

    def __init__(self, sources: Sequence[Source], journal: Journal, errors: Path, progress: Progress) -> None:
        self.loaded = self.resources = self.refused = self.skipped = 0
        self._sources = sources
        self._journal = journal
        self._errors = errors
        self._error_file: IO[bytes] | None = None
        self._progress = progress
        total = sum(source.size_bytes for source in sources)
        self._task: TaskID = progress.add_task("load", total=total, resources=0, refused=0)

    def shipments(self) -> Iterator[Shipment]:
        """Yield what is still to be sent, file after file."""
        for source in self._sources:
            yield from shipments(self._todo(source))

    def settle(self, shipment: Shipment, verdicts: Sequence[Verdict]) -> None:
        """Write down what the server said of a shipment. What was refused is tried again the next time."""
        accepted = [verdict.item.ordinal for verdict in verdicts if verdict.refusal is None]
        if accepted:
            self._journal.record(shipment.items[0].source.digest, accepted)
        self.loaded += len(accepted)
        self.resources += sum(verdict.resources for verdict in verdicts)
        for verdict in verdicts:
            if verdict.refusal is not None:
                self._refuse(verdict.item, verdict.refusal)
        self._progress.update(self._task, advance=shipment.size_bytes, resources=self.resources, refused=self.refused)

    def summary(self, errors: Path) -> str:
        """Return in a line what was done."""
        done = f"{self.loaded} items loaded ({self.resources} resources), {self.skipped} were loaded before"
        return f"{done}, {self.refused} refused: see {errors}" if self.refused else f"{done}, none refused"

    def close(self) -> None:
        """Finish the file of refusals."""
        if self._error_file is not None:
            self._error_file.close()

    def _todo(self, source: Source) -> Iterator[Item]:
        for item in items(source):
            if self._journal.is_done(source.digest, item.ordinal):
                self.skipped += 1
                self._progress.update(self._task, advance=item.size_bytes)
            else:
                yield item

    def _refuse(self, item: Item, reason: str) -> None:
        self.refused += 1
        if self._error_file is None:
            self._errors.parent.mkdir(parents=True, exist_ok=True)
            self._error_file = self._errors.open("wb")
        line = {"file": str(item.source.path), "item": item.ordinal, "reason": reason}
        self._error_file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._error_file.flush()


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(help="NDJSON, Bundles and resources (JSON), CDA documents (XML), also .gz; or folders."),
    ],
    base_url: Annotated[
        str, typer.Option(help="The FHIR base of the server.", envvar="USAGER_LOAD_BASE_URL")
    ] = "http://127.0.0.1:8080/fhir",
    token_file: Annotated[Path | None, typer.Option(help="A file that holds a bearer token.")] = None,
    journal: Annotated[
        Path, typer.Option(help="Where to remember what was acknowledged; delete it to load everything again.")
    ] = Path("usager-load.journal"),
    errors: Annotated[Path, typer.Option(help="Where to write what was refused, a line each.")] = Path(
        "usager-load-errors.ndjson"
    ),
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="Requests under way at once.")] = 4,
) -> None:
    """Load files into a running server. Stopped at any moment, it goes on where it was when run again.

    Exit codes: 0 all is loaded; 1 something was refused (see the errors file); 2 wrong use; 3 the server is down.
    """
    console = Console(stderr=True)
    try:
        sources = [open_source(path) for path in find_files(paths)]
        headers = {"Authorization": f"Bearer {token_file.read_text().strip()}"} if token_file else {}
    except (OSError, Invalid) as error:
        console.print(f"usager: {error}", style="red", markup=False)
        raise typer.Exit(WRONG_USE) from error
    raise typer.Exit(asyncio.run(_run(sources, base_url.rstrip("/"), headers, journal, errors, concurrency, console)))


async def _run(
    sources: Sequence[Source],
    base_url: str,
    headers: dict[str, str],
    journal_path: Path,
    errors: Path,
    concurrency: int,
    console: Console,
) -> int:
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[resources]} resources, {task.fields[refused]} refused"),
        TimeRemainingColumn(),
    )
    with Journal(journal_path, base_url) as journal, Progress(*columns, console=console) as progress:
        run = Load(sources, journal, errors, progress)
        try:
            async with httpx.AsyncClient(base_url=f"{base_url}/", headers=headers) as client:
                await send_all(client, run.shipments(), run.settle, concurrency)
        except ServerDown as down:
            console.print(f"usager: {base_url}: {down}; run the same command again later", markup=False)
            return DOWN
        finally:
            run.close()
    console.print(run.summary(errors), markup=False)
    return SOME_REFUSED if run.refused else DONE
