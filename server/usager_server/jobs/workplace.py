"""What a job works with: the database, the settings, the tenants there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from usager_server.repository.behind import tenant_numbers
from usager_server.repository.connections import Connections
from usager_server.repository.running import Runner
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Workplace:
    """The place of all jobs of one worker."""

    settings: Settings
    connections: Connections

    async def tenants(self) -> Sequence[int]:
        """Return the numbers of all tenants: the one thing that a job may know of all of them at once."""
        return await tenant_numbers(self.connections)

    def runner(self, tenant: int) -> Runner:
        """Return what runs statements for one tenant."""
        return Runner(self.connections, tenant)
