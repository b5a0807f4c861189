"""The sessions that professionals have at the Proxy e-santé: one each, sealed, as long as it lives there at most."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from usager_server.accounts.tickets import Tickets
from usager_server.national.insi.keeping import sealer
from usager_server.repository.running import Runner
from usager_server.settings import Settings

if TYPE_CHECKING:
    from usager_server.national.proxy.client import ProxySession

LIVES = timedelta(hours=4)


class ProxySessions:
    """Sessions by who opened them here, and for which professional."""

    def __init__(self, settings: Settings) -> None:
        self._tickets = Tickets("proxy-session", LIVES, sealer(settings))

    async def put(self, runner: Runner, now: datetime, owner: str, national_id: str, session: "ProxySession") -> None:
        """Keep a session inside a transaction, in the place of the one before."""
        name = _name(owner, national_id)
        await self._tickets.take(runner, now, name)
        await self._tickets.put(runner, now, {"id": session.session_id, "state": session.state}, secret=name)

    async def look(self, runner: Runner, now: datetime, owner: str, national_id: str) -> "ProxySession | None":
        """Return a session, None when there is none that can still be open."""
        found = await self._tickets.look(runner, now, _name(owner, national_id))
        return None if found is None else _session(found.data)

    async def forget(self, runner: Runner, now: datetime, owner: str, national_id: str) -> "ProxySession | None":
        """Return a session and keep it no longer, inside a transaction."""
        found = await self._tickets.take(runner, now, _name(owner, national_id))
        return None if found is None else _session(found.data)


def _session(data: Mapping[str, Any]) -> "ProxySession":
    from usager_server.national.proxy.client import ProxySession  # its HTTP client is long to import

    return ProxySession(data["id"], data["state"])


def _name(owner: str, national_id: str) -> str:
    return f"{owner}\n{national_id}"
