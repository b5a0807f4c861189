"""One run of `usager load`: what is sent, what came of it, what the operator sees."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from usager_server.errors import Invalid
from usager_server.loading.journal import Journal
from usager_server.loading.sending import ServerDown, Verdict, send_all
from usager_server.loading.shipment import Shipment, shipments
from usager_server.loading.sources import Item, Source, find_files, items, open_source

DONE, SOME_REFUSED, WRONG_USE, DOWN = 0, 1, 2, 3
COLUMNS = (
    BarColumn(),
    TextColumn("{task.percentage:>3.0f} %  {task.fields[resources]} resources, {task.fields[refused]} refused"),
    TimeRemainingColumn(),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator typed."""

    paths: Sequence[Path]
    base_url: str
    token_file: Path | None
    journal: Path
    errors: Path
    concurrency: int


def run(wish: Wish) -> int:
    """Load the files, and return the exit code."""
    console = Console(stderr=True)
    try:
        wanted = find_files(wish.paths)
        sources = [open_source(path) for path in wanted if path not in (wish.journal, wish.errors)]
        headers = {"Authorization": f"Bearer {wish.token_file.read_text().strip()}"} if wish.token_file else {}
    except (OSError, EOFError, Invalid) as error:
        console.print(f"usager: {error}", style="red", markup=False, soft_wrap=True)
        return WRONG_USE
    return asyncio.run(_run(wish, sources, headers, console))


async def _run(wish: Wish, sources: Sequence[Source], headers: dict[str, str], console: Console) -> int:
    base_url = wish.base_url.rstrip("/")
    with Journal(wish.journal, base_url) as journal, Progress(*COLUMNS, console=console) as progress:
        load = Load(sources, journal, wish.errors, progress)
        try:
            async with httpx.AsyncClient(base_url=f"{base_url}/", headers=headers) as client:
                await send_all(client, load.shipments(), load.settle, wish.concurrency)
        except ServerDown as down:
            said = f"usager: {base_url}: {down}; run the same command again later"
            console.print(said, markup=False, soft_wrap=True)
            return DOWN
        finally:
            load.close()
    console.print(load.summary(wish.errors), markup=False, soft_wrap=True)
    return SOME_REFUSED if load.refused else DONE


class Load:
    """What a run has done so far."""

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
