"""The commands about the authorization server: which clients it knows, and the keys it signs with."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from usager_server.authorization.memory import Memory
    from usager_server.traces.event import Origin

T = TypeVar("T")

Tenant = Annotated[int, typer.Option(min=1, max=2**31 - 1, help="The number of the organisation.")]


def add_client(
    name: Annotated[str, typer.Argument(help="What people are shown.")],
    scope: Annotated[str, typer.Option(help="The most that may be granted, separated by spaces.")],
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where people are sent back to; several times.")
    ] = None,
    grant_type: Annotated[
        list[str] | None,
        typer.Option(help="authorization_code (unless said otherwise), refresh_token, client_credentials."),
    ] = None,
    jwks: Annotated[Path | None, typer.Option(help="A file with its public keys, a JWK Set.")] = None,
    jwks_uri: Annotated[str | None, typer.Option(help="Where it publishes its public keys.")] = None,
    public: Annotated[
        bool, typer.Option("--public", help="It cannot keep a key: in a browser, on a telephone.")
    ] = False,
    trusted: Annotated[bool, typer.Option("--trusted", help="People are not asked whether they allow it.")] = False,
    introspects: Annotated[
        bool, typer.Option("--introspects", help="It may ask about the tokens of others: a resource server.")
    ] = False,
    bound: Annotated[bool, typer.Option("--bound", help="Its tokens are bound to its TLS certificate.")] = False,
    tenant: Tenant = 1,
) -> None:
    """Register an application or a service, and print its client_id."""
    from usager_server.authorization.clients import new_client
    from usager_server.authorization.errors import OAuthError
    from usager_server.environment import load_settings

    asked: dict[str, Any] = {
        "client_name": name,
        "scope": scope,
        "redirect_uris": redirect_uri or [],
        "grant_types": grant_type or [],
        "jwks_uri": jwks_uri or "",
        "token_endpoint_auth_method": "none" if public else "private_key_jwt",
        "trusted": trusted,
        "may_introspect": introspects,
        "tls_client_certificate_bound_access_tokens": bound,
    }
    try:
        asked |= {"jwks": _read(jwks)} if jwks else {}
        client = new_client(tenant, asked, load_settings().client_rsa_bits)
        _check_narrowing(client.scope)
    except OAuthError as error:
        raise typer.BadParameter(error.description) from error
    _with_memory(tenant, lambda memory: memory.add_client(client, _operator()))
    typer.echo(client.id)


def list_clients(tenant: Tenant = 1) -> None:
    """List the clients: id, state, name, scopes."""
    for client, revoked in _with_memory(tenant, lambda memory: memory.clients()):
        typer.echo(f"{client.id}  {'revoked' if revoked else 'active '}  {client.name}  [{client.scope}]")


def revoke_client(client_id: Annotated[str, typer.Argument(help="As it was printed when it was registered.")]) -> None:
    """End a client and every token it holds, within seconds. Exit code 1 when there is none to end."""
    from usager_server.authorization.clients import tenant_of

    tenant = tenant_of(client_id)
    if tenant is None:
        raise typer.BadParameter("this is no client_id")
    if not _with_memory(tenant, lambda memory: memory.revoke_client(client_id, _operator())):
        typer.echo("usager: there is no such client, or it was revoked before", err=True)
        raise typer.Exit(1)


def list_keys() -> None:
    """List the keys that sign tokens: id, when it was made, what it does."""
    from usager_server.authorization.keys import read_keys, state
    from usager_server.authorization.server import keys_path
    from usager_server.environment import load_settings

    keys = read_keys(keys_path(load_settings()))
    for each in keys:
        typer.echo(f"{each.id}  {each.made:%Y-%m-%dT%H:%MZ}  {state(each, keys, datetime.now(UTC))}")


def rotate_keys() -> None:
    """Make a new key, which signs in ten minutes; those that nothing alive was signed with are dropped."""
    from usager_server.authorization.keys import rotate
    from usager_server.authorization.server import keys_path
    from usager_server.environment import load_settings

    typer.echo(rotate(keys_path(load_settings())).id)


def _check_narrowing(scope: str) -> None:
    """Refuse a scope that could never be granted. Errors: OAuthError. Time: a second, when one is narrowed at all."""
    if "?" not in scope:
        return
    from functools import partial

    from usager_server.access.narrowing import check_narrowing
    from usager_server.app import build_house, no_store
    from usager_server.authorization.scopes import check_registered
    from usager_server.definitions import load
    from usager_server.environment import load_settings
    from usager_server.plugins import activate

    settings = load_settings()
    house = build_house(settings, activate(settings.profile_keys), load(), no_store)
    check_registered(scope, partial(check_narrowing, house.registry))


def _operator() -> "Origin":
    from usager_server.traces.event import Origin

    return Origin("usager clients")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} holds no JSON that can be read ({type(error).__name__})") from error


def _with_memory(tenant: int, act: "Callable[[Memory], Awaitable[T]]") -> T:
    """Do something with what is remembered of a tenant. Errors: Unavailable; Conflict when there is no such tenant."""
    from usager_server.authorization.store import PostgresMemory
    from usager_server.environment import load_settings
    from usager_server.errors import Conflict
    from usager_server.repository.connections import Connections
    from usager_server.repository.opening import running
    from usager_server.repository.postgres import PostgresStore

    async def run(url: str) -> T:
        connections = Connections(url, size=1)
        try:
            store = PostgresStore(connections, {})
            if not await store.repository(tenant).exists():
                raise Conflict(f"There is no tenant {tenant}: usager tenants list")
            return await act(PostgresMemory(store.runner(tenant)))
        finally:
            await connections.close()

    with running(load_settings()) as found:
        return asyncio.run(run(found.url))
