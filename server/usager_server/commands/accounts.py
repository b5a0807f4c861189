"""The commands about the people who sign in; what they do is imported only then."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from usager_server.accounts.account import Account, Kind

if TYPE_CHECKING:
    from usager_server.accounts.journal import Actor
    from usager_server.http.sign_in.desk import Desk

Tenant = Annotated[int, typer.Option(min=1, help="The number of the organisation: usager tenants list.")]
Username = Annotated[str, typer.Argument(help="The user name of the account.")]
Reason = Annotated[str, typer.Option(help="Why, for the trace.")]


def add_account(
    username: Annotated[str, typer.Argument(help="3 to 64 characters: lower case letters, digits, . _ @ -")],
    family: Annotated[str, typer.Option(help="Family name.")],
    given: Annotated[str, typer.Option(help="Given name.")],
    kind: Annotated[Kind, typer.Option(help="business: clinical work; privileged: administration.")] = Kind.BUSINESS,
    rpps: Annotated[str | None, typer.Option(help="RPPS: attaches to Pro Santé Connect at the first sign-in.")] = None,
    practitioner: Annotated[str | None, typer.Option(help="Practitioner/…, as whom the person acts.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="A role; repeat it.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address, to be verified by a code.")] = None,
    tenant: Tenant = 1,
) -> None:
    """Make an account; print its id and, once, what its owner shows at /sign-in/reset to choose a password."""
    attributes = {"family": family, "given": given, "rpps": rpps, "practitioner": practitioner, "email": email}
    chosen = {name: value for name, value in attributes.items() if value is not None} | {"roles": role or []}

    async def make(desk: "Desk", actor: "Actor") -> str:
        made = await desk.administration.create(tenant, username, kind, chosen, actor)
        return f"{made.account.id}  {username}\n/sign-in/reset?tenant={tenant}&ticket={made.reset}"

    _run(make)


def list_accounts(tenant: Tenant = 1) -> None:
    """List accounts: id, user name, kind, state, link with Pro Santé Connect."""

    async def listed(desk: "Desk", _actor: "Actor") -> str:
        lines, after = [], ""
        while found := await desk.administration.listed(tenant, after):
            lines += [_line(it) for it in found]
            after = found[-1].username
        return "\n".join(lines) or "There is no account."

    _run(listed)


def reset_account(username: Username, tenant: Tenant = 1) -> None:
    """Print, once, what the owner shows at /sign-in/reset within 30 min to choose another password."""

    async def link(desk: "Desk", actor: "Actor") -> str:
        account = await desk.administration.named(tenant, username)
        secret = await desk.administration.reset_link(tenant, account.id, actor)
        return f"/sign-in/reset?tenant={tenant}&ticket={secret}"

    _run(link)


def suspend_account(username: Username, reason: Reason, tenant: Tenant = 1) -> None:
    """Close an account for a while; its sessions end."""
    _act("suspend", username, reason, tenant)


def resume_account(username: Username, reason: Reason, tenant: Tenant = 1) -> None:
    """Open again an account that was suspended."""
    _act("resume", username, reason, tenant)


def disable_account(username: Username, reason: Reason, tenant: Tenant = 1) -> None:
    """Close an account for ever; it stays, since traces point at it."""
    _act("disable", username, reason, tenant)


def unlock_account(username: Username, reason: Reason, tenant: Tenant = 1) -> None:
    """Open again what wrong passwords had locked."""
    _act("unlock", username, reason, tenant)


def unlink_account(username: Username, reason: Reason, tenant: Tenant = 1) -> None:
    """Detach an account from its identity at Pro Santé Connect; its sessions end."""
    _act("unlink", username, reason, tenant)


def switch_on_account(
    username: Username,
    hours: Annotated[int, typer.Option(min=1, max=24, help="For how many hours.")],
    reason: Reason,
    tenant: Tenant = 1,
) -> None:
    """Open an emergency account for some hours."""

    async def on(desk: "Desk", actor: "Actor") -> str:
        account = await desk.administration.named(tenant, username)
        return _line(await desk.administration.switch_on(tenant, account.id, hours, reason, actor))

    _run(on)


def let_sign_in(
    number: Annotated[int, typer.Argument(min=1, help="The number of the organisation: usager tenants list.")],
    off: Annotated[bool, typer.Option("--off", help="With Pro Santé Connect only, as at the beginning.")] = False,
) -> None:
    """Let the professionals of an organisation sign in with a password and a code too, or no longer."""
    from usager_server.environment import load_settings
    from usager_server.repository import tenants
    from usager_server.repository.opening import running

    with running(load_settings()) as found:
        asyncio.run(tenants.let_sign_in(found.owner_url, number, local=not off))
    typer.echo(f"{number}  {'Pro Santé Connect only' if off else 'password and code too'}")


def _act(act: str, username: str, reason: str, tenant: int) -> None:
    async def done(desk: "Desk", actor: "Actor") -> str:
        account = await desk.administration.named(tenant, username)
        await getattr(desk.administration, act)(tenant, account.id, reason, actor)
        return _line(await desk.administration.named(tenant, username))

    _run(done)


def _line(account: Account) -> str:
    return f"{account.id}  {account.username}  {account.kind}  {account.state}  {account.psc}"


def _run(work: Callable[["Desk", "Actor"], Awaitable[str]]) -> None:
    """Do something at the desk, and print what it returns."""
    from usager_server.accounts.journal import Actor
    from usager_server.environment import load_settings
    from usager_server.errors import FHIRError, Unavailable
    from usager_server.repository.connections import Connections
    from usager_server.repository.opening import running, take_place
    from usager_server.repository.postgres import PostgresStore
    from usager_server.signing_in import open_desk

    async def done(url: str) -> str:
        connections = Connections(url, size=1, at_first=take_place)
        try:
            return await work(open_desk(settings, PostgresStore(connections, {})), Actor("usager accounts"))
        finally:
            await connections.close()

    settings = load_settings()
    with running(settings) as found:
        try:
            typer.echo(asyncio.run(done(found.url)))
        except Unavailable:
            raise
        except FHIRError as refusal:
            raise typer.BadParameter(str(refusal)) from refusal
