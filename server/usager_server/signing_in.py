"""Puts the desk where people sign in beside the house: read only when callers must be known."""

import uuid
from collections.abc import Mapping
from typing import NamedTuple

from starlette.routing import BaseRoute

from usager_server.accounts import accounts_store
from usager_server.accounts.account import Account
from usager_server.accounts.administration import Administration
from usager_server.accounts.contacts import Contacts
from usager_server.accounts.journal import Actor, Journal
from usager_server.accounts.keeping_passwords import Passwords
from usager_server.accounts.local_sign_in import LocalSignIn
from usager_server.accounts.messaging import Messaging, messaging
from usager_server.accounts.session import SignedIn
from usager_server.accounts.sessions import Sessions
from usager_server.authorization import signed_in as asked
from usager_server.authorization.store import end_all_given
from usager_server.http.context import Context
from usager_server.http.sign_in.administration_api import AdministrationApi
from usager_server.http.sign_in.desk import Desk
from usager_server.http.sign_in.own import OwnSessions
from usager_server.http.sign_in.pages import SignInPages
from usager_server.http.sign_in.psc_pages import PscPages
from usager_server.national.psc.ciba_sign_in import CibaSignIn
from usager_server.national.psc.code_flow import CodeFlow
from usager_server.national.psc.logout import PscLogout
from usager_server.national.psc.provider import provider
from usager_server.national.psc.sign_in import PscSignIn
from usager_server.national.psc.token_keeping import TokenKeeping
from usager_server.national.trust import tls
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.running import Runner
from usager_server.sealing import Sealer, own_key_file, read_keys
from usager_server.settings import Settings
from usager_server.traces.event import Origin


class PscParts(NamedTuple):
    """What is there when professionals sign in with Pro Santé Connect."""

    sign_in: PscSignIn
    logout: PscLogout
    ciba: CibaSignIn


def open_desk(settings: Settings, store: PostgresStore) -> Desk:
    """Return the desk of these settings. Errors: SealError when the sealing keys will not do."""
    sealer = Sealer(read_keys(settings.sealing_key_file or own_key_file(settings.data_dir)))
    journal = Journal()
    sessions = Sessions(store.runner, journal, idle_seconds=settings.session_idle_seconds)
    passwords = Passwords(store.runner, sessions, journal, sealer)
    contacts = Contacts(store.runner, mail(settings), journal)
    psc = _psc(settings, store, sessions, journal, sealer)
    return Desk(
        settings=settings,
        runners=store.runner,
        sessions=sessions,
        local=LocalSignIn(store.runner, sessions, passwords, journal, sealer),
        passwords=passwords,
        contacts=contacts,
        administration=Administration(store.runner, sessions, passwords, contacts, journal, end_grants),
        psc=psc.sign_in if psc else None,
        psc_logout=psc.logout if psc else None,
        ciba=psc.ciba if psc else None,
    )


async def end_grants(runner: Runner, account: uuid.UUID, actor: Actor, because: str) -> None:
    """End what an account let applications do, inside a transaction: whoever comes next is somebody else."""
    origin = Origin(actor.label, address=actor.address or "", request_id=actor.request_id)
    await end_all_given(runner, account, origin, because)


def mail(settings: Settings) -> Messaging:
    """Return what sends messages to people."""
    return messaging(settings, tls(settings.authorities("smtp")))


def desk_routes(desk: Desk, callers: Context) -> list[BaseRoute]:
    """Return the addresses of the desk."""
    psc: list[BaseRoute] = []
    if desk.psc and desk.psc_logout and desk.ciba:
        psc = PscPages(desk, desk.psc, desk.psc_logout, desk.ciba).routes()
    return [
        *SignInPages(desk).routes(),
        *psc,
        *OwnSessions(desk).routes(),
        *AdministrationApi(desk, callers).routes(),
    ]


class SessionsForAuthorization:
    """Answers what the authorization server asks about people."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def of_request(self, headers: Mapping[bytes, bytes]) -> asked.SignedIn | None:
        """Return who the cookie of a request belongs to, None when nobody is signed in."""
        return _told(await self._desk.sessions.of_request(headers))

    async def live(self, tenant: int, session: str) -> asked.SignedIn | None:
        """Return who is in a session, None when it has ended; a call with its token counts as using it."""
        return _told(await self._desk.sessions.of_sid(tenant, uuid.UUID(session)))

    async def person(self, tenant: int, account: str) -> asked.Person | None:
        """Return who has an account, None when it may not be used (any more)."""
        found = await accounts_store.by_id(self._desk.runners(tenant), uuid.UUID(account))
        return _person(found) if found is not None and found.is_in_force(self._desk.sessions.now()) else None


def _told(session: SignedIn | None) -> asked.SignedIn | None:
    if session is None:
        return None
    return asked.SignedIn(
        _person(session.account), str(session.sid), session.authenticated, session.expires, session.acr
    )


def _person(account: Account) -> asked.Person:
    return asked.Person(
        tenant=account.tenant,
        account=str(account.id),
        practitioner=account.practitioner,
        roles=frozenset(account.roles),
        structures=None if account.structures is None else frozenset(account.structures),
        is_privileged=account.is_privileged,
    )


def _psc(
    settings: Settings, store: PostgresStore, sessions: Sessions, journal: Journal, sealer: Sealer
) -> PscParts | None:
    found = provider(settings)
    if found is None:
        return None
    keeping = TokenKeeping(found, sealer)
    flow = CodeFlow(found, sealer)
    sign_in = PscSignIn(found, flow, keeping, sessions, store.runner, journal, sealer)
    return PscParts(
        sign_in,
        PscLogout(found, keeping, sessions, store.runner, sealer),
        CibaSignIn(found, sign_in, store.runner, sealer, sessions.now),
    )
