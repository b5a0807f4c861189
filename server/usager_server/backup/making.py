"""Making a backup: the moment is held, copied and counted; nobody who writes waits for it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from usager_server import __version__
from usager_server.backup.errors import BackupRefused
from usager_server.backup.keepsakes import kept_files, open_kept
from usager_server.backup.keys import Keys, read_keys
from usager_server.backup.manifest import FORM, NAME, Head, Manifest, heads_told, manifest_text
from usager_server.backup.parts import SUFFIX, Part, write_part
from usager_server.backup.place import Place, place
from usager_server.backup.programs import Running, find_programs
from usager_server.backup.shelf import Shelf, finished, write_sums
from usager_server.backup.verifying import DATABASE, verify
from usager_server.repository.behind import make_partitions, tenant_numbers
from usager_server.repository.connections import Connections
from usager_server.repository.copying import Moment, moment, seeing_all
from usager_server.repository.opening import MONTHS_AHEAD
from usager_server.repository.running import Runner
from usager_server.repository.tracing import record
from usager_server.requirements import fulfils
from usager_server.settings import Settings
from usager_server.traces.event import Event
from usager_server.traces.operator import operator


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and verified. Shape: removed: how many older ones were."""

    path: Path
    manifest: Manifest
    seconds: float
    removed: int

    @property
    def size_bytes(self) -> int:
        """How much it takes on disk, but for the manifest."""
        return sum(part.size_bytes for part in self.manifest.parts.values())


@fulfils("SC.SSI/GEN.21.BIS")
async def back_up(settings: Settings, folder: Path | None = None) -> Made:
    """Make a backup in the folder of the settings, verify it, then remove those that are more than are kept.

    Errors  BackupRefused, BackupFailed, BackupDamaged, Unavailable; there is no new backup then, and none was removed.
    """
    began = time.monotonic()
    keys = read_keys(settings.backup_key_file)
    folder = folder or settings.backup_folder
    if folder is None:
        raise BackupRefused("USAGER_BACKUP_FOLDER is not set: where shall backups be kept?")
    shelf, now = Shelf(folder), datetime.now(UTC)
    with place(settings) as found, shelf.begun(now) as partial:
        await _prepare(found, now)
        manifest = await _copy(settings, found, keys, partial)
        await verify(partial, keys, embedded=found.is_embedded)
    removed = shelf.keep(settings.backups_kept, now)
    return Made(finished(partial), manifest, time.monotonic() - began, len(removed))


async def _prepare(found: Place, now: datetime) -> None:
    """Trace the copy before it is made, and make the partitions that a month which begins meanwhile would want.

    A new partition waits for the copy to end, and all who write would wait behind it.
    """
    async with seeing_all(found.url):
        pass  # who may not copy leaves no trace of a copy
    connections = Connections(found.served_url, size=1)
    try:
        await make_partitions(connections, MONTHS_AHEAD + 1)
        for tenant in await tenant_numbers(connections):
            event = Event("backup", operator("backup"), detail={"begun": now.isoformat(timespec="seconds")})
            await record(Runner(connections, tenant), [event])
    finally:
        await connections.close()


async def _copy(settings: Settings, found: Place, keys: Keys, partial: Path) -> Manifest:
    """Write all parts, the manifest and the sums, and return the manifest."""
    parts: dict[str, Part] = {}
    for name, path in kept_files(settings).items():  # before the moment: no anchor is then ahead of the chain
        if path.exists():
            with open_kept(path) as content:
                parts[name + SUFFIX] = await asyncio.to_thread(
                    write_part, partial / (name + SUFFIX), content, keys.recipients
                )
    async with moment(found.url) as held:
        made = datetime.now(UTC)
        programs = find_programs(held.postgresql, most=held.postgresql, embedded=found.is_embedded, url=found.url)
        counting = asyncio.create_task(_counted(held))
        try:
            with programs.dumping(found.url, held.snapshot) as dump:
                parts[DATABASE] = await asyncio.to_thread(_dumped, dump, partial, keys)
            rows, heads = await counting
        finally:  # the moment cannot end in the middle of a statement
            counting.cancel()
            await asyncio.gather(counting, return_exceptions=True)
    manifest = Manifest(FORM, made, __version__, held.schema, programs.major, rows, heads, parts)
    own = await asyncio.to_thread(write_part, partial / NAME, BytesIO(manifest_text(manifest)), keys.recipients)
    write_sums(partial, {**parts, NAME: own})
    return manifest


def _dumped(dump: Running, partial: Path, keys: Keys) -> Part:
    part = write_part(partial / DATABASE, dump.output, keys.recipients)
    dump.end()  # a stream that ends is not yet a program that ended well
    return part


async def _counted(held: Moment) -> tuple[Mapping[str, int], Mapping[int, Head]]:
    return await held.rows(), heads_told(await held.heads())
