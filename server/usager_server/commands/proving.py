"""The commands that prove: the sandbox of the national services, and the evidence."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from usager_server.conformity.target import Target
    from usager_server.plugins import Plugins

FAILED = 1

Profiles = Annotated[
    str | None, typer.Option(help="Profiles, separated by commas; otherwise those of USAGER_PROFILES.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the control API; 0 takes a free one.")]


def sandbox(profiles: Profiles = None, control_port: Port = 8470) -> None:
    """Play the national services on this machine until Ctrl-C; the settings that lead a server to them are printed.

    Exit codes: 0 stopped; 1 a stand-in did not start, or has ended; 2 wrong use or settings.
    """
    from usager_server.plugins import stand_ins
    from usager_server.sandbox.command import run_until_stopped

    run_until_stopped(stand_ins(_active(profiles)), control_port, typer.echo, partial(typer.echo, err=True))


def conformity(
    out: Annotated[Path, typer.Option(help="The folder of the dossier, which will be made.")],
    base_url: Annotated[
        str | None, typer.Option(help="The FHIR base of the server to prove; otherwise a throw-away one is started.")
    ] = None,
    token: Annotated[str | None, typer.Option(help="A bearer token; --token-file keeps it out of the history.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file that holds a bearer token.")] = None,
    sandbox_url: Annotated[
        str | None, typer.Option(help="The control API of the sandbox that the server was started with.")
    ] = None,
    master_token_file: Annotated[
        Path | None,
        typer.Option(help="A file that holds the token of the master of identities (profile esclave-identite)."),
    ] = None,
    profiles: Profiles = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only these requirements; repeat it, or separate them by commas.")
    ] = None,
) -> None:
    """Run the scenarios and write the dossier that proves each requirement, for people and machines.

    Exit codes: 0 all passed; 1 some failed, or could not be run; 2 wrong use, or nothing to prove at that address.
    """
    from usager_server.conformity.evidence import Wish, prove_all
    from usager_server.plugins import scenarios, stand_ins, survey

    plugins = _active(profiles)
    wish = Wish(
        out=out,
        target=_target(base_url, token, token_file, sandbox_url, master_token_file),
        only=tuple(code for each in only or () for part in each.split(",") if (code := part.strip())),
        command=_command(base_url, sandbox_url, sorted(plugins.active - {"general"}), only or (), out),
    )
    everything = survey()
    report = prove_all(
        wish,
        profiles=plugins.profiles,
        standings=everything.requirements,
        scenarios=scenarios(plugins),
        elsewhere=scenarios(everything),
        stand_ins=stand_ins(plugins),
    )
    typer.echo(f"{report.passed} of {len(report.records)} scenarios passed; the dossier: {out / 'index.html'}")
    if not report.has_passed:
        raise typer.Exit(FAILED)


def _active(profiles: str | None) -> "Plugins":
    from usager_server.environment import load_settings
    from usager_server.plugins import activate
    from usager_server.settings import profile_keys

    settings = load_settings()
    return activate(settings.profile_keys if profiles is None else profile_keys(profiles))


def _target(
    base_url: str | None,
    token: str | None,
    token_file: Path | None,
    sandbox_url: str | None,
    master_token_file: Path | None,
) -> "Target | None":
    """Return the server to prove, or None for a throw-away one."""
    from usager_server.conformity.errors import ConformityError
    from usager_server.conformity.target import Target

    if base_url is None:
        if token or token_file or sandbox_url or master_token_file:
            raise ConformityError("a token and --sandbox-url go with --base-url; without it a server is started")
        return None
    if token and token_file:
        raise ConformityError("give --token or --token-file, not both")
    given = _read_token(token_file) if token_file else token or ""
    master = _read_token(master_token_file) if master_token_file else ""
    return Target(
        _address("--base-url", base_url).removesuffix("/metadata"),
        given,
        _address("--sandbox-url", sandbox_url) if sandbox_url else "",
        master,
    )


def _read_token(path: Path) -> str:
    from usager_server.conformity.errors import ConformityError

    try:
        words = path.read_text(encoding="ascii").split()
    except (OSError, ValueError) as error:
        raise ConformityError(f"--token-file {path} cannot be read: {error}") from error
    if not words:
        raise ConformityError(f"--token-file {path} holds no token")
    return words[0]


def _address(option: str, url: str) -> str:
    from usager_server.conformity.errors import ConformityError

    try:
        parts = urlsplit(url)
        host, wrong = parts.hostname, parts.username or parts.query or parts.fragment
    except ValueError:
        host, wrong = None, None
    if not host or wrong or not url.startswith(("http://", "https://")):
        raise ConformityError(f"{option}: give an address like http://127.0.0.1:8080/fhir, without a password")
    return url.rstrip("/")


def _command(
    base_url: str | None, sandbox_url: str | None, profiles: Sequence[str], only: Sequence[str], out: Path
) -> str:
    """Return what to type for the same run; no token, which is a secret."""
    words = ["usager", "conformity"]
    for option, value in (("--base-url", base_url), ("--sandbox-url", sandbox_url), ("--profiles", ",".join(profiles))):
        words += [option, value] if value else []
    words += [word for each in only for word in ("--only", each)]
    return shlex.join([*words, "--out", str(out)])
