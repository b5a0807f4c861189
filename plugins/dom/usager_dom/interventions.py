"""Patient/[id]/$interventions: what was done at a person's home in a period, in visits and minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from usager_server import (
    Invalid,
    Operation,
    OperationRequest,
    Reply,
    Session,
    find,
    operation_definition,
    parameter,
    parameters,
    part,
    text_of,
)

HOME = "http://terminology.hl7.org/CodeSystem/v3-ActCode|HH"

DEFINITION = operation_definition(
    "interventions",
    "Counts the finished visits at a person's home (Encounter of class HH) that began in a period, and their minutes.",
    levels=["instance"],
    resource=["Patient"],
    parameters=[
        parameter("start", "date", "First day of the period", least=1),
        parameter("end", "date", "Last day of the period", least=1),
        parameter("visits", "integer", "Finished visits", use="out", least=1),
        parameter("minutes", "integer", "Minutes from their start to their end", use="out", least=1),
        parameter(
            "unfinished", "integer", "Visits in the period that are planned, cancelled or have no end", use="out"
        ),
    ],
)


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done. Shape: unfinished counts the visits that could not be measured."""

    visits: int
    minutes: int
    unfinished: int


def activity(encounters: Sequence[Mapping[str, Any]]) -> Activity:
    """Return the visits and minutes of these encounters. Unit: minutes, each visit rounded down."""
    durations = [_minutes(encounter) for encounter in encounters]
    measured = [minutes for minutes in durations if minutes is not None]
    return Activity(len(measured), sum(measured), len(durations) - len(measured))


def _minutes(encounter: Mapping[str, Any]) -> int | None:
    period = encounter.get("period", {})
    if encounter["status"] != "finished" or not (_is_instant(period.get("start")) and _is_instant(period.get("end"))):
        return None
    lasted = datetime.fromisoformat(period["end"]) - datetime.fromisoformat(period["start"])
    return int(lasted.total_seconds() // 60)


def _is_instant(text: str | None) -> bool:
    return text is not None and "T" in text


async def interventions(session: Session, request: OperationRequest) -> Reply:
    """Return the visits and minutes of a period. Errors: Invalid (400) when the period ends before it starts."""
    start, end = text_of(request, "start"), text_of(request, "end")
    if end < start:
        raise Invalid(f"The period ends ({end}) before it starts ({start})", code="value")
    criteria = [
        ("patient", f"Patient/{request.resource_id}"),
        ("class", HOME),
        ("date", f"ge{start}"),
        ("date", f"le{end}"),
    ]
    done = activity([encounter async for encounter in find(session, "Encounter", criteria)])
    return Reply(
        resource=parameters(
            part("visits", valueInteger=done.visits),
            part("minutes", valueInteger=done.minutes),
            part("unfinished", valueInteger=done.unfinished),
        )
    )


operation = Operation(DEFINITION, interventions, needs={"Encounter": "s"})
