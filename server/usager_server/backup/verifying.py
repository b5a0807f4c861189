"""Verifying a backup: every byte is what was written and, where the key is, every part opens and reads to its end."""

import asyncio
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from usager_server.backup.errors import BackupDamaged
from usager_server.backup.keys import Keys
from usager_server.backup.limits import MANIFEST_LIMIT_BYTES
from usager_server.backup.manifest import NAME, Manifest, parse_manifest
from usager_server.backup.parts import Part, part_of, read_part
from usager_server.backup.programs import Running, find_programs
from usager_server.backup.shelf import SUMS, read_sums, refuse_special

DATABASE = "database.dump.age"
NOWHERE = Path("/dev/null")


async def verify(backup: Path, keys: Keys, *, embedded: bool) -> Manifest | None:
    """See that a backup is whole; return its manifest, or None when there is no identity to open it with.

    Time    without an identity as fast as the disk is read; with one, twice that and what pg_restore takes to unpack.
    Errors  BackupRefused, BackupDamaged.
    """
    parts = await asyncio.to_thread(verify_sums, backup)
    if not keys.identities:
        return None
    manifest = await asyncio.to_thread(read_manifest, backup, keys, parts)
    await asyncio.to_thread(_open_others, backup, keys, manifest)
    with find_programs(manifest.postgresql, embedded=embedded).reading() as reader:
        await asyncio.to_thread(feed, reader, backup, keys, manifest)
    return manifest


def verify_sums(backup: Path) -> dict[str, Part]:
    """Return the files of a backup as they are, each found to be what its sum says. Errors: BackupDamaged."""
    found = {}
    for name, digest in read_sums(backup).items():
        refuse_special(backup / name)
        try:
            found[name] = part_of(backup / name)
        except OSError as error:
            raise BackupDamaged(f"{backup.name}: {name} cannot be read: {error.strerror}") from error
        if found[name].sha256 != digest:
            raise BackupDamaged(f"{backup.name}: {name} is not what {SUMS} says: it was altered, or cut short")
    if not {NAME, DATABASE} <= found.keys():
        raise BackupDamaged(f"{backup.name} is no backup, or not whole: {SUMS} names no {NAME} or no {DATABASE}")
    return found


def read_manifest(backup: Path, keys: Keys, parts: dict[str, Part]) -> Manifest:
    """Return the manifest, which agrees with the files: anyone may write sums, but not this.

    Errors  BackupRefused when no identity opens it; BackupDamaged.
    """
    if parts[NAME].size_bytes > MANIFEST_LIMIT_BYTES:
        raise BackupDamaged(f"{backup.name}: {NAME} is no manifest: it is too large")
    content = BytesIO()
    read_part(backup / NAME, content, keys.identities, parts[NAME])
    manifest = parse_manifest(content.getvalue())
    if {name: part for name, part in parts.items() if name != NAME} != manifest.parts:
        raise BackupDamaged(f"{backup.name}: its files are not those that its manifest names")
    return manifest


def _open_others(backup: Path, keys: Keys, manifest: Manifest) -> None:
    with NOWHERE.open("wb") as nowhere:
        for name in manifest.parts.keys() - {DATABASE}:
            read_part(backup / name, nowhere, keys.identities, manifest.parts[name])


def feed(reader: Running, backup: Path, keys: Keys, manifest: Manifest) -> None:
    """Give the copy of the database to a program, and see that it ends well. Errors: BackupDamaged, BackupFailed."""
    with suppress(BrokenPipeError):  # the program ended before: what it says is more use
        read_part(backup / DATABASE, reader.input, keys.identities, manifest.parts[DATABASE])
    reader.end()
