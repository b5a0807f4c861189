"""What the routes of the proxy work with, put together once."""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from usager_server.environment import SettingsError
from usager_server.national.psc.discovery import Discovery
from usager_server.proxy.caller import Caller
from usager_server.proxy.database import Database
from usager_server.proxy.outgoing import Outgoing
from usager_server.proxy.sessions import Lifetime, Sessions
from usager_server.proxy.settings import ProxySettings
from usager_server.proxy.throttle import Throttle
from usager_server.sealing import Sealer, SealError, read_keys


class Clock:
    """What time it is, in UTC, and how it passes; tests have their own."""

    def now(self) -> datetime:
        """Return this instant."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class House:
    """The parts of a proxy. Shape: clients and discoveries by client id, since each asks with its own certificate."""

    settings: ProxySettings
    database: Database
    sessions: Sessions
    throttle: Throttle
    clients: Mapping[str, Outgoing]
    discoveries: Mapping[str, Discovery]
    clock: Clock

    def clients_of(self, caller: Caller) -> frozenset[str]:
        """Return the client ids that a caller may speak for."""
        return frozenset(name for name, it in self.settings.clients.items() if caller.is_one_of(it.callers))

    def may_read_traces(self, caller: Caller) -> bool:
        """Say whether a caller may read the traces: during the conformity campaign only."""
        return self.settings.conformity.enabled and caller.is_one_of(self.settings.conformity.readers)

    async def close(self) -> None:
        """Close what is open."""
        for client in self.clients.values():
            await client.close()
        await self.database.close()


def build(settings: ProxySettings, clock: Clock | None = None) -> House:
    """Return the house of these settings; nothing is called yet. Errors: SettingsError when a file will not do."""
    try:
        keys = read_keys(settings.key_file)
    except SealError as error:
        raise SettingsError(f"key_file: {error}") from error
    database = Database(settings.database_url, settings.pool_size)
    lifetime = Lifetime(timedelta(hours=settings.session_hours), timedelta(minutes=settings.idle_minutes))
    clients = {name: Outgoing(name, it) for name, it in settings.clients.items()}
    for name in clients:
        clients[name].http(settings.psc.trusted_ca_file)  # so that a wrong key is told at start
    return House(
        settings=settings,
        database=database,
        sessions=Sessions(database, Sealer(keys), lifetime),
        throttle=Throttle(database, hmac.digest(keys[0], b"usager proxy sign-in subjects", "sha256")),
        clients=clients,
        discoveries={name: _discovery(settings, it) for name, it in clients.items()},
        clock=clock or Clock(),
    )


def _discovery(settings: ProxySettings, client: Outgoing) -> Discovery:
    return Discovery(
        settings.psc.issuer, lambda: client.http(settings.psc.trusted_ca_file), path=settings.psc.discovery_path
    )
