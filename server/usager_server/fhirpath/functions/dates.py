"""The time of the evaluation: now, today, timeOfDay. Source: FHIRPath N1, 5.9.2."""

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import Frame, Items
from usager_server.fhirpath.temporal import Temporal, from_datetime


@function("now")
def now(frame: Frame, source: Items) -> Items:
    """Return the instant of this evaluation."""
    return [from_datetime(frame.run.now)]


@function("today")
def today(frame: Frame, source: Items) -> Items:
    """Return the day of this evaluation."""
    return [Temporal("Date", from_datetime(frame.run.now).parts[:3])]


@function("timeOfDay")
def time_of_day(frame: Frame, source: Items) -> Items:
    """Return the time of day of this evaluation."""
    moment = from_datetime(frame.run.now)
    return [moment._replace(kind="Time", parts=moment.parts[3:], offset=None)]
