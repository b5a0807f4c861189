"""`usager mssante`: tries the way to the operator of MSSanté."""

import asyncio
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from usager_server.national.mssante.operator import Met

FAILED = 1


def check() -> None:
    """Open both connections of the operator's API LPS, IMAP and SMTP, and say what was met; nothing is sent or read.

    Exit codes: 0 both open; 1 one does not; 2 wrong settings.
    """
    from usager_server.environment import load_settings
    from usager_server.national.mssante.operator import checked, operator

    met = asyncio.run(checked(operator(load_settings())))
    for each in met:
        typer.echo(_line(each))
    if not all(_is_open(each) for each in met):
        raise typer.Exit(FAILED)


def _is_open(met: "Met") -> bool:
    from usager_server.national.mssante.failures import Failure

    return not isinstance(met.found, Failure)


def _line(met: "Met") -> str:
    from usager_server.national.mssante.failures import Failure

    found = met.found
    if isinstance(found, Failure):
        return f"{met.protocol} {met.place}: {found.reason}: {found.technical}\n     {found.told}"
    told = f"{found.version} {found.suite}, {found.subject}, issued by {found.issuer}, until {found.until}"
    return f"{met.protocol} {met.place}: open: {told}"
