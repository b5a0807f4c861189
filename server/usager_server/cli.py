"""The command `usager`.

Exit codes: 0 done, 1 failed on the way, 2 wrong use or settings, 3 the database is missing, 4 a backup is damaged.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from usager_server import __version__
from usager_server.backup import commands as backups
from usager_server.commands import accounts as people
from usager_server.commands import archiving, listing, mssante, proving, reindexing, traces
from usager_server.commands import clients as applications
from usager_server.commands.birthplaces import cog, import_edition
from usager_server.documents.command import cda
from usager_server.loading.command import load
from usager_server.proxy import command as proxy_command

FAILED, WRONG_USE, NO_DATABASE, DAMAGED = 1, 2, 3, 4

app = typer.Typer(
    name="usager",
    help="An open FHIR R4 server for the dossier usager informatisé. Settings come from USAGER_* variables.",
    epilog="Exit codes: 0 done; 1 it failed on the way; 2 wrong use or settings; 3 the database is missing; "
    "4 a backup is damaged.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(load)
tenants = typer.Typer(help="The organisations that share this installation.", no_args_is_help=True)
app.add_typer(tenants, name="tenants")
app.add_typer(cda)
audit = typer.Typer(help="The traces of every act.", no_args_is_help=True)
app.add_typer(audit, name="audit")
clients = typer.Typer(help="The applications and services that may ask for tokens.", no_args_is_help=True)
app.add_typer(clients, name="clients")
accounts = typer.Typer(help="The people who sign in.", no_args_is_help=True)
app.add_typer(accounts, name="accounts")
keys = typer.Typer(help="The keys that sign tokens.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(cog)
messaging = typer.Typer(help="The operator of MSSanté.", no_args_is_help=True)
app.add_typer(messaging, name="mssante")


@contextmanager
def told() -> Iterator[None]:
    """Turn what an operator can mend into one line a cause and an exit code; the rest keeps its traceback."""
    from usager_server.authorization.keys import KeysError
    from usager_server.backup.errors import BackupDamaged, BackupFailed, BackupRefused
    from usager_server.conformity.errors import ConformityError
    from usager_server.environment import SettingsError
    from usager_server.errors import Conflict, Unavailable
    from usager_server.installed import PluginError
    from usager_server.sandbox.stand_in import SandboxError
    from usager_server.sealing import SealError

    try:
        yield
    except (SettingsError, PluginError, ConformityError, KeysError, SealError, BackupRefused) as error:
        _say_and_leave(str(error), WRONG_USE)
    except BackupDamaged as error:
        _say_and_leave(str(error), DAMAGED)
    except (SandboxError, Conflict, BackupFailed) as error:
        _say_and_leave(str(error), FAILED)
    except Unavailable as error:
        _say_and_leave(str(error), NO_DATABASE)


def _say_and_leave(text: str, code: int) -> None:
    for line in text.splitlines():
        typer.echo(f"usager: {line}", err=True)
    raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Hold the options of the command itself."""


@app.command()
def serve() -> None:
    """Serve FHIR until Ctrl-C. The embedded database is started, migrated and stopped with it."""
    with told():
        from usager_server.environment import load_settings

        settings = load_settings()
        from usager_server.serving import serve as run

        run(settings)


@app.command()
def worker() -> None:
    """Do the jobs behind the requests until Ctrl-C: link and anchor the traces, make the backups."""
    with told():
        from usager_server.environment import load_settings

        settings = load_settings()
        from usager_server.jobs.running import work
        from usager_server.logs import set_up_logs

        set_up_logs(settings.log_level, settings.log_format)
        work(settings)


@app.command()
def demo() -> None:
    """Serve with invented people to look at, until Ctrl-C. What is stored is kept for the next time."""
    with told():
        from usager_server.environment import load_settings

        os.environ.setdefault("USAGER_LOG_LEVEL", "warning")  # what is said to a person is the welcome
        os.environ.setdefault("USAGER_LOG_FORMAT", "text")
        os.environ.setdefault("USAGER_AUDIT", "on")  # as where people sign in
        settings = load_settings()
        if settings.auth != "off":
            _say_and_leave("The demonstration has no sign-in: leave USAGER_AUTH unset, or set it to off.", WRONG_USE)
        from usager_server.demo.running import demonstrate

        demonstrate(settings, typer.echo)


@app.command()
def migrate() -> None:
    """Bring the schema of the database up to date; a version that is serving may go on meanwhile."""
    with told():
        from usager_server.environment import load_settings
        from usager_server.repository.opening import bring_up_to_date, running, source

        settings = load_settings()
        found = source(settings)
        if found.cluster is None:
            asyncio.run(bring_up_to_date(found))
        with running(settings) if found.cluster is not None else nullcontext():
            typer.echo("The schema is up to date.")
            asyncio.run(reindexing.tell_due(settings, found.owner_url))


@app.command()
def openapi(
    folder: Annotated[
        Path | None, typer.Option(help="Write openapi.json and the examples there, instead of printing.")
    ] = None,
) -> None:
    """Print the OpenAPI document of the active profiles, or write it with its examples."""
    with told():
        from usager_server.app import openapi_files
        from usager_server.environment import load_settings

        files = openapi_files(load_settings())
        if folder is None:
            sys.stdout.write(files["openapi.json"].decode())
            return
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


@tenants.command("add")
def add_tenant(
    name: Annotated[str, typer.Argument(help="The name of the organisme gestionnaire.")],
    number: Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Its number; unset: the next one.")] = None,
) -> None:
    """Make room for one more organisation; the number printed is the one to write in USAGER_TOKEN_FILE."""
    with told():
        from usager_server.environment import load_settings
        from usager_server.repository import tenants as room
        from usager_server.repository.opening import running

        if not name.strip() or not name.isprintable():
            _say_and_leave("A tenant needs a name, on one line.", WRONG_USE)
        with running(load_settings()) as found:
            made = asyncio.run(room.add_tenant(found.owner_url, name.strip(), number))
        typer.echo(f"{made.number}  {made.name}")


@tenants.command("list")
def list_tenants() -> None:
    """List the organisations: number, name."""
    with told():
        from usager_server.environment import load_settings
        from usager_server.repository import tenants as room
        from usager_server.repository.opening import running

        with running(load_settings()) as found:
            for each in asyncio.run(room.tenants(found.owner_url)):
                typer.echo(f"{each.number}  {each.name}")


app.command()(told()(reindexing.reindex))
cog.command("import")(told()(import_edition))
messaging.command("check")(told()(mssante.check))
app.command()(told()(listing.profiles))
app.command()(told()(listing.requirements))
app.command()(told()(proving.sandbox))
app.command()(told()(proving.conformity))
clients.command("add")(told()(applications.add_client))
clients.command("list")(told()(applications.list_clients))
clients.command("revoke")(told()(applications.revoke_client))
tenants.command("local-sign-in")(told()(people.let_sign_in))
accounts.command("add")(told()(people.add_account))
accounts.command("list")(told()(people.list_accounts))
accounts.command("reset")(told()(people.reset_account))
accounts.command("suspend")(told()(people.suspend_account))
accounts.command("resume")(told()(people.resume_account))
accounts.command("disable")(told()(people.disable_account))
accounts.command("unlock")(told()(people.unlock_account))
accounts.command("unlink")(told()(people.unlink_account))
accounts.command("switch-on")(told()(people.switch_on_account))
audit.command("verify")(told()(traces.verify))
audit.command("export")(told()(traces.export))
audit.command("archive")(told()(archiving.archive))
keys.command("list")(told()(applications.list_keys))
keys.command("rotate")(told()(applications.rotate_keys))
backup = typer.Typer(help=backups.HELP, invoke_without_command=True, callback=told()(backups.back_up))
backup.command("verify")(told()(backups.verify))
backup.command("key")(told()(backups.key))
app.add_typer(backup, name="backup")
app.command()(told()(backups.restore))
app.command()(told()(backups.recovered))
proxy = typer.Typer(help=proxy_command.HELP, invoke_without_command=True, callback=told()(proxy_command.serve))
proxy.command()(told()(proxy_command.migrate))
proxy.command()(proxy_command.key)
proxy.command()(told()(proxy_command.verify))
app.add_typer(proxy, name="proxy")
