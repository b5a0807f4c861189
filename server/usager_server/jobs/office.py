"""Where a job that works on resources sits: the house of the settings, and a session in the worker's name."""

import asyncio
from typing import TYPE_CHECKING

from usager_server.jobs.workplace import Workplace

if TYPE_CHECKING:
    from usager_server.interactions.session import House, Session

SUBJECT = "usager-worker"


class Office:
    """A house of the worker's own, which takes a while to build."""

    def __init__(self, place: Workplace) -> None:
        from usager_server.app import build_house
        from usager_server.definitions import load
        from usager_server.plugins import activate
        from usager_server.repository.postgres import PostgresStore
        from usager_server.repository.search_sql import PostgresSearch

        self.place = place  # kept: it is known by its identity
        definitions = load()
        store = PostgresStore(place.connections, definitions.type_numbers)
        settings = place.settings
        self.house: House = build_house(settings, activate(settings.profile_keys), definitions, store.repository)
        store.searching = PostgresSearch(self.house.registry)

    def session(self, tenant: int) -> "Session":
        """Return a session for one organisation, whose versions leave traces where traces are kept."""
        from usager_server.access.grant import Grant
        from usager_server.caller import Caller
        from usager_server.interactions.gate import session_for
        from usager_server.traces.act import Act
        from usager_server.traces.event import Origin

        settings = self.house.settings
        act = Act("operation", Origin(SUBJECT, client="usager worker")) if settings.keeps_traces else None
        caller = Caller(tenant, SUBJECT, "", Grant.everything())
        return session_for(self.house, caller, settings.base_url or "", act)


class Offices:
    """The offices of the places that jobs work at; each is built when it is first needed."""

    def __init__(self) -> None:
        self._built: dict[int, Office] = {}
        self._building: dict[int, asyncio.Task[Office]] = {}

    async def at(self, place: Workplace) -> Office:
        """Return the office of a place: jobs that ask for it at once wait for the same one."""
        built = self._built.get(id(place))
        if built is not None:
            return built
        task = self._building.get(id(place))
        if task is None:
            task = self._building[id(place)] = asyncio.create_task(self._build(place))
        return await asyncio.shield(task)  # a job that is broken off leaves it to the others

    async def _build(self, place: Workplace) -> Office:
        try:
            built = self._built[id(place)] = await asyncio.to_thread(Office, place)
        finally:
            del self._building[id(place)]
        return built


offices = Offices()
