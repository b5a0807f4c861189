"""A coded care plan as a whole <-> CarePlan: its goals and activities are what the section lists."""

from collections.abc import Sequence

from usager_cda.datatypes import Tree
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement

GOAL = "Goal"


def read(section: Statement, title: str | None, entries: Sequence[Tree], reading: Reading) -> Tree | None:
    """Return the Reference of the CarePlan of a section."""
    types = {made.reference: made.type for made in reading.made}
    goals = [each for each in entries if types.get(each["reference"]) == GOAL]
    activities = [{"reference": each} for each in entries if each not in goals]
    body = {"status": "active", "intent": "plan", "title": title, "subject": reading.subject}
    return reading.put("CarePlan", section, {**body, "goal": goals, "activity": activities})


def spread(resource: Tree) -> Sequence[Tree] | None:
    """Return what a CarePlan is about: its goals, then its activities; None for any other resource.

    Shape   an activity that is told in the plan itself has no Reference: an empty one stands for it, to be reported.
    """
    if resource.get("resourceType") != "CarePlan":
        return None
    return [*resource.get("goal", ()), *(each.get("reference") or {} for each in resource.get("activity", ()))]
