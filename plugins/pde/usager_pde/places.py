"""Location/[id]/$places: how many places of a unit are free, now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from usager_server import (
    Operation,
    OperationRequest,
    Reply,
    Session,
    Unprocessable,
    canonical,
    fetch,
    find,
    operation_definition,
    parameter,
    parameters,
    part,
)

INSTALLED = canonical("StructureDefinition", "places-installed")
CLOSED = canonical("StructureDefinition", "places-closed")

DEFINITION = operation_definition(
    "places",
    "Says how many places a unit has: installed (extension places-installed), closed for now (places-closed), occupied "
    "(Encounters in progress at the unit), reserved (Encounters planned there) and so available.",
    levels=["instance"],
    resource=["Location"],
    parameters=[
        parameter(name, "integer", f"Places {name}", use="out", least=1)
        for name in ("installed", "closed", "occupied", "reserved", "available")
    ],
)


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one unit. Shape: available is below zero when more people are there than places."""

    installed: int
    closed: int
    occupied: int
    reserved: int

    @property
    def available(self) -> int:
        """Return what is left."""
        return self.installed - self.closed - self.occupied - self.reserved


def declared(location: Mapping[str, Any], url: str) -> int | None:
    """Return the number that an extension of the unit declares, or None when it does not."""
    extensions = location.get("extension", ())
    return next((extension["valueInteger"] for extension in extensions if extension.get("url") == url), None)


async def places(session: Session, request: OperationRequest) -> Reply:
    """Return the places of a unit. Errors: NotFound (404); Unprocessable (422) when it declares no installed places."""
    location = await fetch(session, "Location", request.resource_id or "")
    installed = declared(location, INSTALLED)
    if installed is None:
        raise Unprocessable(
            f"The unit does not say how many places it has: extension {INSTALLED}", "Location.extension"
        )
    occupied = await _stays(session, request.resource_id, "in-progress,onleave")
    reserved = await _stays(session, request.resource_id, "planned")
    found = Places(installed, declared(location, CLOSED) or 0, occupied, reserved)
    return Reply(
        resource=parameters(
            part("installed", valueInteger=found.installed),
            part("closed", valueInteger=found.closed),
            part("occupied", valueInteger=found.occupied),
            part("reserved", valueInteger=found.reserved),
            part("available", valueInteger=found.available),
        )
    )


async def _stays(session: Session, unit: str | None, status: str) -> int:
    criteria = [("location", f"Location/{unit}"), ("status", status)]
    return len({_person(stay) async for stay in find(session, "Encounter", criteria)})


def _person(stay: Mapping[str, Any]) -> str:
    """Return who stays; two Encounters of one person at a unit take one place."""
    return str(stay.get("subject", {}).get("reference", stay["id"]))


operation = Operation(DEFINITION, places, needs={"Location": "r", "Encounter": "s"})
