"""The stand-in of the status page: what a page that follows the Statuspage API v2 publishes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from usager_server.sandbox.stand_in import Answer, Received, StandIn

stand_in = StandIn(
    name="national-status",
    title="Météo des services nationaux",
    service="usager_server.national.status.sandbox:Page",
    settings={"national_status_summary_url": "/api/v2/summary.json"},
)

SERVICES = ("Pro Santé Connect", "Annuaire Santé", "MSSanté", "ROR", "Serveur multi-terminologies")
SEVERITY = {
    "operational": ("none", "Tous les services sont opérationnels"),
    "under_maintenance": ("maintenance", "Maintenance en cours"),
    "degraded_performance": ("minor", "Dégradation partielle"),
    "partial_outage": ("major", "Interruption partielle"),
    "major_outage": ("critical", "Interruption majeure"),
}


class Page:
    """Publishes the state of each service; a seed such as {"MSSanté": "major_outage"} changes some."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Have every service work."""
        self._states = dict.fromkeys(SERVICES, "operational")

    def seed(self, data: Any) -> None:
        """Change the state of services, or add some."""
        if not isinstance(data, Mapping) or not data:
            raise ValueError('the seed is an object: {"MSSanté": "major_outage"}')
        wrong = [state for state in data.values() if state not in SEVERITY]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not a state; there are {', '.join(SEVERITY)}")
        self._states |= data

    async def answer(self, request: Received) -> Answer:
        """Answer GET /api/v2/summary.json, and nothing else."""
        if request.path != "/api/v2/summary.json":
            return Answer(404)
        if request.method not in ("GET", "HEAD"):
            return Answer(405, headers={"Allow": "GET, HEAD"})
        return Answer(200, json.dumps(self._summary()).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _summary(self) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        worst = max(self._states.values(), key=list(SEVERITY).index)
        indicator, description = SEVERITY[worst]
        components = [
            {"id": f"c{rank}", "name": name, "status": state, "position": rank, "updated_at": now, "group": False}
            for rank, (name, state) in enumerate(self._states.items(), start=1)
        ]
        return {
            "page": {"id": "sandbox", "name": "Météo des services", "url": "https://localhost", "updated_at": now},
            "status": {"indicator": indicator, "description": description},
            "components": components,
            "incidents": [],
            "scheduled_maintenances": [],
        }
