"""Accounts and sessions on a test's own database, with a clock that stands still until it is moved."""

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from usager_server.accounts import accounts_store, hashing
from usager_server.accounts.account import Account, Kind, State
from usager_server.accounts.administration import Administration
from usager_server.accounts.contacts import Contacts
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.keeping_passwords import Passwords
from usager_server.accounts.local_sign_in import LocalSignIn
from usager_server.accounts.session import Key, SignedIn
from usager_server.accounts.sessions import Proof, Sessions
from usager_server.repository.connections import Connections
from usager_server.repository.running import Runner
from usager_server.sealing import Sealer
from usager_server.signing_in import end_grants

SOMEONE = Actor("test")
BEGINNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def strong_hashes() -> None:
    """Hashes that cost what the server's do, for the tests that are about them."""


@pytest.fixture(autouse=True)
def quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes that cost next to nothing, for all others."""
    if "strong_hashes" in request.fixturenames:
        yield
        return
    monkeypatch.setattr(hashing, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hashing._nobody_hash.cache_clear()
    yield
    hashing._nobody_hash.cache_clear()


class FakeClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass: minutes=5."""
        self.now += timedelta(**by)


@dataclass
class Kept(Journal):
    """A journal that remembers its events besides storing them."""

    events: list[Event] = field(default_factory=list)

    async def record(self, runner: Runner, event: Event) -> None:
        """Keep one event; the runner is inside a transaction."""
        assert runner.held is not None
        await super().record(runner, event)
        self.events.append(event)

    @property
    def last(self) -> Event:
        """The newest event."""
        return self.events[-1]

    def whats(self) -> list[What]:
        """Return what happened, in order."""
        return [event.what for event in self.events]


@pytest.fixture
def clock() -> FakeClock:
    """The clock of this test."""
    return FakeClock()


@pytest.fixture
def journal() -> Kept:
    """The journal of this test."""
    return Kept()


@pytest.fixture
def runners(connections: Connections) -> Callable[[int], Runner]:
    """What runs the statements of a tenant."""
    return lambda tenant: Runner(connections, tenant)


@pytest.fixture
def sessions(runners: Callable[[int], Runner], journal: Kept, clock: FakeClock) -> Sessions:
    """The sessions of this test's database."""
    return Sessions(runners, journal, now=clock)


def an_account(**attributes: Any) -> Account:
    """Return an active account of a nurse, with some attributes of one's own."""
    return Account(
        **{
            "tenant": 1,
            "id": uuid.uuid4(),
            "username": f"jeanne-{uuid.uuid4().hex[:6]}",
            "kind": Kind.BUSINESS,
            "state": State.ACTIVE,
            "family": "Martin",
            "given": "Jeanne",
            "created": BEGINNING,
            "roles": ("infirmier",),
            "practitioner": "Practitioner/jeanne",
            **attributes,
        }
    )


async def stored_account(runners: Callable[[int], Runner], **attributes: Any) -> Account:
    """Return an account that is in the database."""
    account = an_account(**attributes)
    async with runners(account.tenant).transaction() as runner:
        await accounts_store.insert(runner, account)
    return account


async def opened(
    sessions: Sessions, runners: Callable[[int], Runner], account: Account, **how: Any
) -> tuple[Key, SignedIn]:
    """Return a new session of an account."""
    proof = how.pop("proof", Proof("psc", "eidas1"))
    async with runners(account.tenant).transaction() as runner:
        return await sessions.open(runner, account, proof, SOMEONE, **how)


async def waits_for_a_row(runner: Runner, task: "asyncio.Task[Any]") -> None:
    """Wait until a task wants what this transaction holds, or is through without."""
    assert runner.held is not None
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not task.done() and not await runner.held.fetchval(waiting):  # noqa: ASYNC110 - PostgreSQL tells nobody
        await asyncio.sleep(0.01)


@pytest.fixture
def sealer() -> Sealer:
    """What seals the secrets of this test."""
    return Sealer([bytes(range(32))])


@pytest.fixture
def passwords(runners: Callable[[int], Runner], sessions: Sessions, journal: Kept, sealer: Sealer) -> Passwords:
    """The passwords of this test's database."""
    return Passwords(runners, sessions, journal, sealer)


@pytest.fixture
def local(
    runners: Callable[[int], Runner], sessions: Sessions, passwords: Passwords, journal: Kept, sealer: Sealer
) -> LocalSignIn:
    """The sign-in by password of this test's database."""
    return LocalSignIn(runners, sessions, passwords, journal, sealer)


@dataclass
class Letters:
    """Keeps the messages instead of sending them."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    async def send(self, kind: str, to: str, subject: str, text: str) -> None:
        """Keep one."""
        self.sent.append((kind, to, text))

    def code(self) -> str:
        """Return the code in the last message."""
        return re.findall(r"\b[0-9]{6}\b", self.sent[-1][2])[0]


@pytest.fixture
def letters() -> Letters:
    """The messages of this test."""
    return Letters()


@pytest.fixture
def contacts(runners: Callable[[int], Runner], letters: Letters, journal: Kept, clock: FakeClock) -> Contacts:
    """The contact details of this test's database."""
    return Contacts(runners, letters, journal, clock)


@pytest.fixture
def administration(
    runners: Callable[[int], Runner],
    sessions: Sessions,
    passwords: Passwords,
    contacts: Contacts,
    journal: Kept,
) -> Administration:
    """What administrators do in this test."""
    return Administration(runners, sessions, passwords, contacts, journal, end_grants)
