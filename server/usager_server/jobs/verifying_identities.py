"""Verify identities at INSi when their time has come."""

import asyncio
from typing import TYPE_CHECKING

from usager_server.jobs.workplace import Workplace

if TYPE_CHECKING:
    from usager_server.interactions.session import Session

EVERY_SECONDS = 5.0
SUBJECT = "usager-worker"


class VerifyingIdentities:
    """The job. Shape: the house, which takes a while to build, is built when INSi is first to be called."""

    def __init__(self) -> None:
        self._places: dict[int, _Rounds] = {}

    async def verify(self, place: Workplace) -> int:
        """Do a round for every organisation, and return how many identities were verified."""
        return await self._rounds(place, from_the_start=False)

    async def look_at_everybody(self, place: Workplace) -> int:
        """Look at every Patient again, for those whose write was kept long after; return how many there are."""
        return await self._rounds(place, from_the_start=True)

    async def _rounds(self, place: Workplace, *, from_the_start: bool) -> int:
        settings = place.settings
        calls_insi = settings.insi_url is not None or settings.national_proxy_url is not None
        if not calls_insi or settings.identity_master:
            return 0
        rounds = self._places.get(id(place))
        if rounds is None:
            rounds = self._places[id(place)] = await asyncio.to_thread(_Rounds, place)
        return sum([await rounds.do(tenant, from_the_start) for tenant in await place.tenants()])


class _Rounds:
    """A house for the worker, and what it does there."""

    def __init__(self, place: Workplace) -> None:
        from usager_server.app import build_house
        from usager_server.definitions import load
        from usager_server.national.insi.teleservice import Teleservice
        from usager_server.plugins import activate
        from usager_server.repository.postgres import PostgresStore
        from usager_server.repository.search_sql import PostgresSearch

        definitions = load()
        store = PostgresStore(place.connections, definitions.type_numbers)
        self._house = build_house(place.settings, activate(place.settings.profile_keys), definitions, store.repository)
        store.searching = PostgresSearch(self._house.registry)
        self._teleservice = Teleservice(place.settings)
        self._patients = definitions.type_numbers["Patient"]

    async def do(self, tenant: int, from_the_start: bool) -> int:
        """Do a round for one organisation."""
        from usager_server.national.insi.verifying.rounds import verify_due
        from usager_server.national.insi.verifying.sweeping import sweep

        session = self._session(tenant)
        if from_the_start:
            return await sweep(session, self._patients, from_the_start=True)
        calls = max(1, round(self._house.settings.insi_calls_per_minute * EVERY_SECONDS / 60))
        return await verify_due(session, self._teleservice, self._patients, calls)

    def _session(self, tenant: int) -> "Session":
        from usager_server.access.grant import Grant
        from usager_server.caller import Caller
        from usager_server.interactions.gate import session_for
        from usager_server.traces.act import Act
        from usager_server.traces.event import Origin

        settings = self._house.settings
        act = Act("operation", Origin(SUBJECT, client="usager worker")) if settings.keeps_traces else None
        caller = Caller(tenant, SUBJECT, "", Grant.everything())
        return session_for(self._house, caller, settings.base_url or "", act)
