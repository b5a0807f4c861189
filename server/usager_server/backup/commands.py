"""`usager backup` and `usager restore`; what they do is imported only then."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

HELP = "Copies of all that is stored, encrypted. Alone, it makes one, verifies it, and removes those that are too many."

Folder = Annotated[Path | None, typer.Option(help="Where backups are kept; otherwise USAGER_BACKUP_FOLDER.")]
Backup = Annotated[Path, typer.Argument(help="A backup: the folder usager-…Z.")]


def back_up(context: typer.Context, folder: Folder = None) -> None:
    """Make a backup, while others go on writing; what was acknowledged before it began is in it."""
    if context.invoked_subcommand is not None:
        return
    from usager_server.backup.making import back_up as run
    from usager_server.environment import load_settings

    made = asyncio.run(run(load_settings(), folder))
    rows, tables = sum(made.manifest.rows.values()), len(made.manifest.rows)
    speed = made.size_bytes / 1e6 / made.seconds
    typer.echo(
        f"{made.path}: {rows} rows of {tables} tables, {made.size_bytes / 1e6:.1f} MB in {made.seconds:.1f} s "
        f"({speed:.1f} MB/s), verified; {made.removed} older ones removed"
    )


def verify(backup: Backup) -> None:
    """See that a backup is whole: every byte is what was written and, with its key, every part opens to its end.

    Exit codes: 0 it is; 1 it failed on the way; 2 wrong use, settings or key; 4 it was altered, cut short, or is not
    whole.
    """
    from usager_server.backup.keys import read_keys
    from usager_server.backup.shelf import refuse_partial
    from usager_server.backup.verifying import verify as run
    from usager_server.environment import load_settings

    settings = load_settings()
    refuse_partial(backup)
    keys = read_keys(settings.backup_key_file)
    manifest = asyncio.run(run(backup, keys, embedded=settings.database_url is None))
    if manifest is None:
        typer.echo(f"{backup.name}: unaltered; not opened, since USAGER_BACKUP_KEY_FILE holds no identity")
        return
    typer.echo(
        f"{backup.name}: whole; {sum(manifest.rows.values())} rows of {manifest.made:%Y-%m-%d %H:%M:%S} UTC, Usager "
        f"{manifest.software}, schema {manifest.schema}, PostgreSQL {manifest.postgresql}"
    )


def key(file: Annotated[Path, typer.Argument(help="The file to make; it must not be there yet.")]) -> None:
    """Make the key that opens backups, and print its recipient, all that a machine needs to make them."""
    from usager_server.backup.keys import make_key

    typer.echo(make_key(file))


def recovered() -> None:
    """Do what is left to do after PostgreSQL itself was brought back to an earlier instant, before anybody is served.

    Sessions, grants, links and codes of then end, the chains are verified, and the anchors say which traces were lost.
    """
    from usager_server.backup.recovering import recovered as run
    from usager_server.environment import load_settings

    done = asyncio.run(run(load_settings()))
    typer.echo(f"walls stand, {done.links} links of traces are whole; ended: {_told(done.ended)}")


def restore(
    backup: Backup,
    replace: Annotated[bool, typer.Option("--replace", help="Destroy what is stored now; it is told first.")] = False,
    drill: Annotated[
        bool,
        typer.Option("--drill", help="Restore beside, verify, remove it again; what is served stays as it is."),
    ] = False,
) -> None:
    """Bring a backup back, into an installation that is empty, and verify all of it before anything is replaced.

    Exit codes: 0 done; 1 it failed on the way; 2 wrong use, settings, key or version; 3 the database is missing; 4 the
    backup was altered, cut short, or is not whole. Nothing is restored by half.
    """
    from usager_server.backup.restoring import Wish
    from usager_server.backup.restoring import restore as run
    from usager_server.environment import load_settings

    done = asyncio.run(run(load_settings(), Wish(backup, replace, drill), typer.echo))
    typer.echo(f"every row is there, walls stand, {done.links} links of traces are whole; ended: {_told(done.ended)}")
    if done.files:
        typer.echo(f"put back beside the database: {', '.join(done.files)}")
    typer.echo("The drill is over: nothing was replaced." if drill else "Restored.")


def _told(ended: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in ended.items())
