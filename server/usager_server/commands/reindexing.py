"""What the operator types to index anew what was stored before what it is indexed by changed; imported only then."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from usager_server.jobs.office import Office
    from usager_server.jobs.workplace import Workplace
    from usager_server.repository.index_editions import Due
    from usager_server.settings import Settings

LOOK_SECONDS = 0.5
CONNECTIONS = 4

Tell = Callable[[Mapping[int, tuple[int, int]]], None]
"""Shows how far the types are, by their number: how many resources are done, of how many."""


def reindex(
    status: Annotated[bool, typer.Option("--status", help="Only say what is due, and how far it is.")] = False,
    per_second: Annotated[
        int, typer.Option(min=0, help="Most resources a second; 0: as fast as it goes, beside who writes.")
    ] = 0,
) -> None:
    """Index anew what was stored before a search parameter or a key of the server's came or changed.

    Run it with the settings of the servers, once all of them are of this version; they go on meanwhile. Stopped or
    killed at any moment, it goes on where it was. `usager worker` does the same by itself, slowly.

    Exit codes: 0 nothing is due any more (--status: or it is said); 1 servers want what these settings do not; 2 wrong
    settings; 3 the database is missing.
    """
    from usager_server.environment import load_settings
    from usager_server.repository.opening import running

    settings = load_settings()
    with running(settings) as found:
        is_done = asyncio.run(_reindex(settings, found.url, status=status, per_second=per_second))
    raise typer.Exit(0 if is_done else 1)


async def tell_due(settings: "Settings", owner_url: str) -> None:
    """Say what is to be indexed anew once servers of these settings run."""
    from usager_server.app import search_registry
    from usager_server.reaching import reach
    from usager_server.repository.index_editions import due
    from usager_server.search.editions import numbered, reasons

    registry = search_registry(settings)
    connection = await reach(owner_url, "USAGER_DATABASE_OWNER_URL")
    try:
        found = await due(connection, numbered(registry))
    finally:
        await connection.close()
    for sentence in reasons(registry, found):
        typer.echo(sentence)
    if found:
        typer.echo("Searches by these find what is written from now on; usager worker or usager reindex adds the rest.")


async def _reindex(settings: "Settings", url: str, *, status: bool, per_second: int) -> bool:
    from usager_server.jobs.office import Office
    from usager_server.jobs.workplace import Workplace
    from usager_server.repository import index_editions
    from usager_server.repository.connections import Connections
    from usager_server.search.editions import numbered, reasons

    connections = Connections(url, size=CONNECTIONS, statement_timeout_seconds=settings.statement_timeout_seconds)
    place = Workplace(settings, connections)
    try:
        office = await asyncio.to_thread(Office, place)
        registry = office.house.registry
        async with connections.borrowed() as connection:
            mine = numbered(registry)
            due = await (index_editions.due(connection) if status else index_editions.declare(connection, mine))
        for sentence in reasons(registry, due):
            typer.echo(sentence)
        names = {number: kind for kind, number in registry.definitions.type_numbers.items()}
        if status:
            await _tell_status(place, due, names)
            return True
        await _work(place, office, due, names, per_second)
        async with connections.borrowed() as connection:
            return not await index_editions.due(connection)
    finally:
        await connections.close()


async def _tell_status(place: "Workplace", due: "Due", names: Mapping[int, str]) -> None:
    for number, (done, total) in (await _reached(place, due)).items():
        typer.echo(f"{names[number]}: {done:,} of {total:,}")
    if not due:
        typer.echo("Nothing is to be indexed anew.")
    await _tell_doubles(place)


async def _work(place: "Workplace", office: "Office", due: "Due", names: Mapping[int, str], per_second: int) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from usager_server.jobs.reindexing import JOB_NUMBER, Reindexing
    from usager_server.repository.behind import turn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars: dict[int, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def tell(reached: Mapping[int, tuple[int, int]]) -> None:
            for number, (done, total) in reached.items():
                bar = bars.get(number)
                if bar is None:
                    bar = bars[number] = progress.add_task(names[number])
                progress.update(bar, completed=done, total=total)

        async with turn(place.connections, JOB_NUMBER) as is_ours:
            if not is_ours:
                typer.echo("usager worker is at it: this is how far it is, Ctrl-C leaves it alone.")
            doing = Reindexing(place, office, per_second).do(due) if is_ours else _until_done(place)
            await _shown(place, due, asyncio.ensure_future(doing), tell)
    await _tell_doubles(place)
    typer.echo("Done.")


async def _shown(place: "Workplace", due: "Due", doing: "asyncio.Future[object]", tell: Tell) -> None:
    """Tell how far it is until it is done."""
    try:
        while not doing.done():
            await asyncio.wait([doing], timeout=LOOK_SECONDS)
            tell(await _reached(place, due))
        doing.result()
    finally:
        doing.cancel()


async def _until_done(place: "Workplace") -> None:
    """Wait until nothing is due."""
    from usager_server.repository import index_editions

    while True:
        async with place.connections.borrowed() as connection:
            if not await index_editions.due(connection):
                return
        await asyncio.sleep(LOOK_SECONDS)


async def _reached(place: "Workplace", due: "Due") -> Mapping[int, tuple[int, int]]:
    """Return how far the types are that are due, all organisations together."""
    from usager_server.repository import reindexing

    done, total = Counter[int](), Counter[int]()
    for tenant in await place.tenants():
        for number, state in (await reindexing.progress(place.runner(tenant))).items():
            if number in due and state.since == due[number].since:
                done[number] += state.done
                total[number] += state.total
    return {number: (done[number], count) for number, count in total.items() if count}


async def _tell_doubles(place: "Workplace") -> None:
    """Say where the same matricule was found twice."""
    from usager_server.matching.doubles import CODE, SYSTEM
    from usager_server.repository import reindexing

    for tenant in await place.tenants():
        found = await reindexing.progress(place.runner(tenant))
        if doubles := sum(state.doubles for state in found.values()):
            typer.echo(
                f"tenant {tenant}: {doubles} records bear a matricule INS that another one holds, and do not hold it: "
                f"a Task stands in each (Task?code={SYSTEM}|{CODE})"
            )
