"""Restoring: beside what is there, verified to the last row, then put in its place at once; or removed again."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from usager_server.backup.alone import alone
from usager_server.backup.chains import anchors_at, trace_restoration, verify_chains, void_anchors
from usager_server.backup.errors import BackupFailed, BackupRefused
from usager_server.backup.keepsakes import kept_files, put_back
from usager_server.backup.keys import Keys, read_keys
from usager_server.backup.manifest import Manifest, heads_told
from usager_server.backup.parts import SUFFIX, read_part
from usager_server.backup.place import Place, place
from usager_server.backup.programs import find_programs
from usager_server.backup.shelf import refuse_partial
from usager_server.backup.verifying import feed, read_manifest, verify_sums
from usager_server.repository import copying, replacing
from usager_server.repository.aftermath import end_what_lived
from usager_server.repository.migrating import HEAD, migrate
from usager_server.repository.opening import check
from usager_server.repository.replacing import at_database, database_of
from usager_server.requirements import fulfils
from usager_server.settings import Settings

UNPACKED = ".restoring"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked. Shape: replace what is there; drill: verify beside, and leave what is there alone."""

    backup: Path
    replace: bool = False
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. Shape: ended: how many sessions, grants... were; files: those put back."""

    manifest: Manifest
    ended: Mapping[str, int]
    links: int
    files: Sequence[str]


@fulfils("SC.SSI/GEN.21.BIS")
async def restore(settings: Settings, wish: Wish, say: Say) -> Restored:
    """Bring a backup back, verified: what the manifest says is there, walls stand, chains are whole.

    Order   nothing of what is there is touched before all of it was verified; then it is replaced at once.
    Errors  BackupRefused, BackupDamaged, BackupFailed, Conflict, Unavailable; nothing is changed then.
    """
    refuse_partial(wish.backup)
    keys = read_keys(settings.backup_key_file)
    if not keys.identities:
        raise BackupRefused("USAGER_BACKUP_KEY_FILE holds recipients only: an identity opens a backup")
    parts = await asyncio.to_thread(verify_sums, wish.backup)
    manifest = await asyncio.to_thread(read_manifest, wish.backup, keys, parts)
    if manifest.schema > HEAD:
        raise BackupRefused(
            f"the backup was made by Usager {manifest.software}, whose schema {manifest.schema} is newer than {HEAD}: "
            "restore it with that version or a later one"
        )
    say(f"{wish.backup.name}: {sum(manifest.rows.values())} rows of {manifest.made:%Y-%m-%d %H:%M:%S} UTC, unaltered")
    with place(settings) as found, _unpacked(settings, wish.backup, manifest, keys) as files:
        if not wish.drill:
            await _refuse_loss(found, wish.replace, say)
        return await _restored_beside(settings, wish, found, manifest, keys, files)


async def _refuse_loss(found: Place, replace: bool, say: Say) -> None:
    """Say what will be lost, or refuse. Errors: BackupRefused, Conflict."""
    lost = await replacing.standing(found.url)
    if lost is not None:
        last = f", last written {lost.last:%Y-%m-%d %H:%M:%S} UTC" if lost.last else ""
        held = f"the database {database_of(found.url)}: {lost.tenants} tenants, {lost.resources} resources{last}"
        if not replace:
            raise BackupRefused(f"this would destroy {held}. --replace does it; --drill tries beside it")
        say(f"this destroys {held}")
    await replacing.refuse_in_use(found.url)


async def _restored_beside(
    settings: Settings, wish: Wish, found: Place, manifest: Manifest, keys: Keys, files: Path
) -> Restored:
    async with replacing.beside(found.url) as url:
        served_url = at_database(found.served_url, database_of(url))
        await _fill(url, wish.backup, manifest, keys, embedded=found.is_embedded)
        await _compare(url, manifest)
        await migrate(url)
        await check(served_url)
        links = await verify_chains(served_url, manifest.heads, anchors_at(settings, files))
        async with copying.seeing_all(url) as connection:
            ended = await end_what_lived(connection)
            await connection.execute("ANALYZE")
        made = manifest.made.isoformat(timespec="seconds")
        await trace_restoration(served_url, {"backup": wish.backup.name, "made": made, **ended})
        if wish.drill:
            return Restored(manifest, ended, links, ())
        await replacing.refuse_in_use(found.url)
        moved = put_back(kept_files(settings), files)
        void_anchors(settings, manifest.heads)
        await replacing.take_place(found.url)
        return Restored(manifest, ended, links, moved)


async def _fill(url: str, backup: Path, manifest: Manifest, keys: Keys, *, embedded: bool) -> None:
    async with copying.seeing_all(url) as connection:
        server = connection.get_server_version().major
        compression = await replacing.best_compression(connection)
    if server < manifest.postgresql:
        raise BackupRefused(f"the backup is of PostgreSQL {manifest.postgresql} and this server is {server}")
    programs = find_programs(manifest.postgresql, most=server, embedded=embedded, url=url)
    with programs.restoring(url, compression) as restoring:
        await asyncio.to_thread(feed, restoring, backup, keys, manifest)
    async with copying.seeing_all(url) as connection:
        await replacing.compress(connection, compression)


async def _compare(url: str, manifest: Manifest) -> None:
    """See that every row is there, and each chain ends where it did. Errors: BackupFailed."""
    async with copying.seeing_all(url) as connection:
        rows = await copying.count_rows(connection)
        heads = heads_told(await copying.chain_heads(connection))
    wrong = [
        f"{table} has {rows.get(table, 0)} rows and not {manifest.rows.get(table, 0)}"
        for table in sorted({*rows, *manifest.rows})
        if rows.get(table) != manifest.rows.get(table)
    ]
    if heads != manifest.heads:
        wrong.append("a chain of traces does not end where it did")
    if wrong:
        raise BackupFailed(f"what was restored is not what was copied: {'; '.join(wrong)}")


@contextmanager
def _unpacked(settings: Settings, backup: Path, manifest: Manifest, keys: Keys) -> Iterator[Path]:
    """Yield a folder of our own with the files that were kept beside the database; it is gone afterwards."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    folder = settings.data_dir / UNPACKED
    with alone(settings.data_dir / f"{UNPACKED}.lock", "another restoration is under way"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            for name in kept_files(settings):
                if name + SUFFIX in manifest.parts:
                    (folder / name).touch(mode=0o600)
                    with (folder / name).open("wb") as file:
                        read_part(backup / (name + SUFFIX), file, keys.identities, manifest.parts[name + SUFFIX])
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
