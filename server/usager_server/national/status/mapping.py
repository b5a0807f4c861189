"""Status page <-> FHIR Parameters; pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from usager_server.national.status.messages import Summary
from usager_server.operations.parameters import parameters, part

STATES = {
    "operational": "operational",
    "degraded_performance": "degraded",
    "partial_outage": "partial-outage",
    "major_outage": "outage",
    "under_maintenance": "maintenance",
}
INDICATORS = {
    "none": "operational",
    "minor": "degraded",
    "major": "partial-outage",
    "critical": "outage",
    "maintenance": "maintenance",
}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at the status page gave. Shape: summary None when the page says nothing; message is French."""

    summary: Summary | None
    checked: datetime | None
    message: str = ""


def parameters_from_reading(link: str, reading: Reading) -> dict[str, Any]:
    """Return the Parameters of an answer: the link always, the rest as far as it is known."""
    summary = reading.summary
    parts = [
        part("link", valueUrl=link),
        part("state", valueCode=INDICATORS.get(summary.indicator, UNKNOWN) if summary else UNKNOWN),
    ]
    if reading.checked is not None:
        parts.append(part("checked", valueInstant=reading.checked.isoformat(timespec="milliseconds")))
    if reading.message:
        parts.append(part("message", valueString=reading.message))
    return parameters(*parts, *_services(summary))


def _services(summary: Summary | None) -> list[Mapping[str, Any]]:
    services: list[Mapping[str, Any]] = []
    for component in summary.components if summary else ():
        parts = [
            part("name", valueString=component.name),
            part("state", valueCode=STATES.get(component.status, UNKNOWN)),
        ]
        if component.updated is not None:
            parts.append(part("updated", valueInstant=component.updated.isoformat(timespec="milliseconds")))
        services.append(part("service", part=parts))
    return services
