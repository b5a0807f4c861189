"""What the operator types about places of birth: `usager cog …`; what it does is imported only then."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

cog = typer.Typer(name="cog", help="The places of birth: code officiel géographique of INSEE.", no_args_is_help=True)


def import_edition(
    path: Annotated[
        Path, typer.Argument(exists=True, help="INSEE's cog_ensemble_<year>_csv.zip, or its files unpacked.")
    ],
) -> None:
    """Take INSEE's yearly files as the edition in use: servers read it when they start next.

    Exit codes: 0 it is kept; 2 the files cannot be read, and it is said why; 3 the database is missing.
    """
    from usager_server.birthplaces.edition import EditionError, edition_bytes
    from usager_server.birthplaces.insee import edition_of
    from usager_server.environment import load_settings
    from usager_server.repository.cog_editions import KeptEdition, keep_edition
    from usager_server.repository.opening import running

    try:
        edition = edition_of(path)
    except EditionError as error:
        typer.echo(f"usager: {error}", err=True)
        raise typer.Exit(2) from None
    with running(load_settings()) as found:
        asyncio.run(keep_edition(found.owner_url, KeptEdition(edition.name, edition_bytes(edition))))
    typer.echo(f"COG {edition.name}: {len(edition.periods)} periods, {len(edition.events)} events.")
