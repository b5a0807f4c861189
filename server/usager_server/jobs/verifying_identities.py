"""Verify identities at INSi when their time has come."""

from usager_server.jobs.office import Office, offices
from usager_server.jobs.workplace import Workplace

EVERY_SECONDS = 5.0


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
            rounds = self._places.setdefault(id(place), _Rounds(await offices.at(place)))
        return sum([await rounds.do(tenant, from_the_start) for tenant in await place.tenants()])


class _Rounds:
    """An office for the job, and what it does there."""

    def __init__(self, office: Office) -> None:
        from usager_server.national.insi.teleservice import Teleservice

        self._office = office
        self._teleservice = Teleservice(office.house.settings)
        self._patients = office.house.definitions.type_numbers["Patient"]

    async def do(self, tenant: int, from_the_start: bool) -> int:
        """Do a round for one organisation."""
        from usager_server.national.insi.verifying.rounds import verify_due
        from usager_server.national.insi.verifying.sweeping import sweep

        session = self._office.session(tenant)
        if from_the_start:
            return await sweep(session, self._patients, from_the_start=True)
        calls = max(1, round(self._office.house.settings.insi_calls_per_minute * EVERY_SECONDS / 60))
        return await verify_due(session, self._teleservice, self._patients, calls)
