"""The command that takes old traces out of the database: archived first, then removed, and both are traced."""

import asyncio
import gzip
import os
from datetime import UTC, date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from usager_server.repository.connections import Connections
    from usager_server.repository.opening import Source
    from usager_server.repository.running import Runner
    from usager_server.settings import Settings
    from usager_server.traces.anchors import Anchor
    from usager_server.traces.archive import Shipment

REFUSED, WRONG_SETTINGS = 1, 2
JOB_NUMBER = 101  # of its lock in the database; the jobs of `usager worker` count from 1


class Task(NamedTuple):
    """What is to be removed: the months, and the row number before which all their traces are."""

    months: list[date]
    before: int
    folder: Path
    anchors: "list[Anchor]"


def archive() -> None:
    """Archive the traces older than USAGER_AUDIT_MONTHS_KEPT, then remove them, but those of versions.

    The chain is verified before, up to an anchor that covers what goes; it then begins at an anchor that says so. Only
    the owner of the tables can remove anything (USAGER_DATABASE_OWNER_URL). Exit codes: 0 done, or nothing is so old;
    1 the chain is not whole or not anchored so far, or another process archives: nothing was removed; 2 wrong settings;
    3 the database is missing.
    """
    from usager_server.environment import load_settings
    from usager_server.repository.opening import running
    from usager_server.traces.anchors import BadAnchors

    settings = load_settings()
    if settings.audit_months_kept is None or settings.audit_archive_folder is None:
        typer.echo("usager: set USAGER_AUDIT_MONTHS_KEPT and USAGER_AUDIT_ARCHIVE_FOLDER", err=True)
        raise typer.Exit(WRONG_SETTINGS)
    try:
        with running(settings) as found:
            asyncio.run(_archive(settings, found, settings.audit_months_kept, settings.audit_archive_folder))
    except BadAnchors as error:
        typer.echo(f"usager: {error}", err=True)
        raise typer.Exit(REFUSED) from error


async def _archive(settings: "Settings", found: "Source", months_kept: int, folder: Path) -> None:
    from usager_server.errors import Conflict
    from usager_server.repository.behind import turn
    from usager_server.repository.connections import Connections

    connections = Connections(found.url, size=2, statement_timeout_seconds=60)
    try:
        async with turn(connections, JOB_NUMBER) as is_ours:
            if not is_ours:
                raise Conflict("traces are being archived by another process: nothing was done here")
            await _archive_old(settings, found, connections, months_kept, folder)
    finally:
        await connections.close()


async def _archive_old(
    settings: "Settings", found: "Source", connections: "Connections", months_kept: int, folder: Path
) -> None:
    from usager_server.repository.tenants import as_owner
    from usager_server.repository.trace_removal import first_row_of, month_after, months_before
    from usager_server.traces.anchors import read_anchors, signing_key

    first = month_after(datetime.now(UTC).date().replace(day=1), -months_kept)
    anchors = read_anchors(settings.audit_anchors, signing_key(settings.audit_key))
    async with as_owner(found.owner_url) as owner:
        months = await months_before(owner, first)
    if not months:
        typer.echo(f"no traces before {first:%Y-%m} are left to remove")
        return
    await _remove(settings, found, connections, Task(months, first_row_of(first), folder, anchors))


async def _remove(settings: "Settings", found: "Source", connections: "Connections", task: Task) -> None:
    """Archive what goes of each tenant, sign it, remove it.

    Order   archive, anchors file, database: killed in between, the next time ends it, and nothing is lost.
    """
    from usager_server.repository.behind import tenant_numbers
    from usager_server.repository.running import Runner
    from usager_server.repository.tenants import as_owner
    from usager_server.repository.trace_removal import remove
    from usager_server.repository.tracing import record
    from usager_server.traces.anchors import add_anchors, signing_key
    from usager_server.traces.event import Event
    from usager_server.traces.operator import operator
    from usager_server.traces.record import instant_of

    archived: dict[int, int] = {}
    details: dict[int, dict[str, object]] = {}
    signed: list[Anchor] = []
    month = f"{instant_of(task.before):%Y-%m}"
    for tenant in await tenant_numbers(connections):
        archived[tenant], since = await _covered(Runner(connections, tenant), task)
        details[tenant] = {"before": month}
        if archived[tenant] and since < task.before:  # else signed the last time, which was cut off before the end
            anchor, file = await _written(Runner(connections, tenant), task, since)
            signed.append(anchor)
            details[tenant] |= file
    add_anchors(settings.audit_anchors, signing_key(settings.audit_key), signed)
    async with as_owner(found.owner_url) as owner, owner.transaction():
        gone = await remove(owner, task.months, archived)
        for tenant, count in gone.items():
            event = Event("traces-removed", operator("audit archive"), detail={**details[tenant], "removed": count})
            await record(Runner(connections, tenant, owner), [event])
    for tenant, count in gone.items():
        typer.echo(
            f"tenant {tenant}: {count} traces before {month} removed {details[tenant].get('archive', '')}".rstrip()
        )


async def _covered(runner: "Runner", task: Task) -> tuple[int, int]:
    """Return the last link of what goes, and before which row number traces were archived already.

    Errors  Conflict when the chain is not whole, or not anchored up to there.
    """
    from usager_server.errors import Conflict
    from usager_server.repository.trace_links import last_link_before
    from usager_server.repository.trace_verifying import verified

    verdict = await verified(runner, task.anchors)
    if verdict.wrong:
        raise Conflict(f"tenant {runner.tenant}: {verdict.wrong} wrong in the chain: see `usager audit verify`")
    seq = await last_link_before(runner, task.before)
    if verdict.anchored < seq:
        raise Conflict(f"tenant {runner.tenant}: no anchor covers link {seq} yet: does `usager worker` run?")
    return seq, verdict.removed_before


async def _written(runner: "Runner", task: Task, since: int) -> "tuple[Anchor, dict[str, object]]":
    """Write the archive of a tenant, from a row number on; return the anchor that says so, and what to trace."""
    from usager_server.traces.anchors import Anchor, Removal
    from usager_server.traces.archive import Shipment
    from usager_server.traces.record import instant_of

    shipment = Shipment(since, task.before)
    path = task.folder / f"traces-{runner.tenant}-before-{instant_of(task.before):%Y-%m}.ndjson.gz"
    digest = await _ship(runner, shipment, path)
    removal = Removal(task.before, shipment.kept(), digest)
    told: dict[str, object] = {"archive": path.name, "archived": shipment.count, "sha256": digest}
    return Anchor(runner.tenant, shipment.seq, shipment.hash, datetime.now(UTC), removal=removal), told


async def _ship(runner: "Runner", shipment: "Shipment", path: Path) -> str:
    """Write the archive, for its owner's eyes only; it is on disk, under its name, when this returns its SHA-256."""
    from usager_server.backup.shelf import sync_folder
    from usager_server.repository.trace_links import links_after

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600, exist_ok=False)
    with await asyncio.to_thread(partial.open, "r+b") as file:
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            seq = 0
            while links := await links_after(runner, seq):
                packed.writelines(shipment.lines(links))
                seq = links[-1].seq
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        digest = file_digest(file, "sha256").hexdigest()
    partial.rename(path)
    sync_folder(path.parent)
    return digest
