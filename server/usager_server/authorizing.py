"""Puts the authorization server beside the house: read only under USAGER_AUTH=smart."""

from functools import partial
from typing import NamedTuple

from starlette.routing import BaseRoute

from usager_server.access.narrowing import check_narrowing
from usager_server.authorization.clients import Client
from usager_server.authorization.server import open_server
from usager_server.authorization.signed_in import Sessions
from usager_server.authorization.store import PostgresMemory
from usager_server.http.client_certificate import CertificateFromProxy
from usager_server.http.context import Context
from usager_server.http.oauth.routes import oauth_routes
from usager_server.http.observability import App
from usager_server.http.origins import Origins
from usager_server.interactions.session import House
from usager_server.national.trust import tls
from usager_server.networks import parse_networks
from usager_server.outbound import Outbound
from usager_server.repository.postgres import PostgresStore
from usager_server.settings import Settings


class Authorizing(NamedTuple):
    """What it adds: who is calling, and the addresses of its own."""

    context: Context
    routes: list[BaseRoute]


def open_authorizing(settings: Settings, store: PostgresStore, house: House, sessions: Sessions) -> Authorizing:
    """Return the authorization server of these settings, for the people of these sessions.

    Errors  KeysError when the signing keys will not do.
    """

    def memories(tenant: int) -> PostgresMemory:
        return PostgresMemory(store.runner(tenant))

    server = open_server(settings, memories, sessions, outbound(settings), partial(check_narrowing, house.registry))
    return Authorizing(server.bearers, oauth_routes(server, house))


def outbound(settings: Settings) -> Outbound:
    """Return what fetches the keys of clients."""
    return Outbound(partial(tls, settings.authorities("outbound")), parse_networks(settings.outbound_networks))


def open_to_pages(app: App, store: PostgresStore) -> App:
    """Return the application, whose answers the pages of registered applications may read."""

    async def find_client(tenant: int, client_id: str) -> Client | None:
        return await PostgresMemory(store.runner(tenant)).client(client_id)

    return Origins(app, find_client)


def behind_proxies(app: App, settings: Settings) -> App:
    """Return the application, told of client certificates by the proxies that may speak of them."""
    proxies = parse_networks(settings.certificate_proxies)
    return CertificateFromProxy(app, proxies) if proxies else app
