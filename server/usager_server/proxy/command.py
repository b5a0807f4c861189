"""`usager proxy`: serves, migrates, makes keys, verifies the traces; what it does is imported only then."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from usager_server.proxy.settings import ProxySettings

FAILED = 1
HELP = "The Proxy e-santé: Pro Santé Connect and the national APIs, in a process of its own. Alone, it serves."

File = Annotated[Path | None, typer.Option(help="Settings (TOML); otherwise USAGER_PROXY_FILE, or proxy.toml.")]


def serve(context: typer.Context, file: File = None) -> None:
    """Serve until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    from usager_server.proxy.serving import serve as run

    run(_settings(file))


def migrate(file: File = None) -> None:
    """Bring the schema of its database up to date, as database_owner_url; the serving version may go on meanwhile."""
    from usager_server.proxy.migrating import migrate as run

    settings = _settings(file)
    asyncio.run(run(settings.database_owner_url or settings.database_url))
    typer.echo("The schema of the proxy is up to date.")


def key() -> None:
    """Print a new key, for key_file."""
    import secrets

    from usager_server.sealing import KEY_BYTES

    typer.echo(secrets.token_hex(KEY_BYTES))


def verify(
    file: File = None,
    head: Annotated[
        list[str] | None, typer.Option(help="A head of the chain, NUMBER:DIGEST, as the log told it; repeat it.")
    ] = None,
) -> None:
    """Look for traces that were altered, removed or put in another order.

    Exit codes: 0 the chain is whole; 1 it is not; 2 wrong use or settings; 3 the database is missing.
    """
    from usager_server.proxy.verifying import parse_head, verified

    found = asyncio.run(verified(_settings(file), dict(map(parse_head, head or ()))))
    for fault in found.faults:
        typer.echo(fault, err=True)
    typer.echo(f"{found.count} traces, {len(found.faults)} faults")
    if found.faults:
        raise typer.Exit(FAILED)


def _settings(file: Path | None) -> "ProxySettings":
    from usager_server.proxy.settings import load_proxy_settings

    return load_proxy_settings(file)
