"""What laboratories examine: samples -> Specimen; batteries and isolates -> an Observation around others. Read only."""

from collections.abc import Iterable

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.entries import group
from usager_cda.entries.laboratory import read_validation
from usager_cda.structured.kinds import FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.remarks import as_extensions
from usager_cda.structured.statement import Statement
from usager_cda.tree import Element, child, descendant

LABORATORY = "laboratory"
RECEPTION = (f"{FR_ENTRY}107", f"{IHE}1.3.1.3")


def read_sample(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a Specimen: its nature, how, where and when it was taken, when it came in."""
    statement.skip("statusCode")
    role = child(statement.first("participant"), "participantRole")
    when = reading.when(statement.first("effectiveTime"), "collected")
    collection = {
        "collector": reading.people(statement, performer="performer").get("performer", [None])[0],
        "collectedDateTime": when.get("collectedDateTime"),
        "collectedPeriod": when.get("collectedPeriod"),
        "method": reading.concept(statement.first("code")),
        "bodySite": reading.concept(statement.first("targetSiteCode")),
    }
    nature = reading.concept(descendant(role, "playingEntity/code"))
    body = extended(
        {"extension": [*reading.link(statement), *as_extensions(reading.notes(statement))]},
        {"type": nature, "subject": reading.subject, "receivedTime": _received(statement, reading)},
        {"collection": filled(collection)},
    )
    yield reading.put("Specimen", statement if role is None else _named(role, statement), body)


def _named(role: Element, statement: Statement) -> Statement:
    """Return the statement whose ids are those of the specimen: the act that takes it has others."""
    return Statement(role) if child(role, "id") is not None else statement


def _received(statement: Statement, reading: Reading) -> str | None:
    found = statement.one(*RECEPTION)
    if found is None:
        return None
    found.skip("id", "code", "statusCode")
    when: str | None = reading.when(found.first("effectiveTime")).get("effectiveDateTime")
    return when


def read_battery(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the Observation around the results of a battery, its comments included."""
    notes, validated = reading.notes(statement), read_validation(statement, reading)
    yield from group.read(statement, reading, LABORATORY)
    made = reading.made[-1].resource
    if notes:
        made["note"] = notes
    if validated:
        # An Observation has no element for who validated it.
        made["extension"] = [*made.get("extension", ()), *validated["extension"]]


def read_isolate(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of what was found of one germ: the Observations inside name its Specimen."""
    role = child(statement.first("specimen"), "specimenRole")
    germ = reading.concept(descendant(role, "specimenPlayingEntity/code"))
    before = len(reading.made)
    found = list(read_battery(statement, reading))
    made = reading.made[before:]
    if role is not None and germ is not None:
        specimen = reading.put("Specimen", Statement(role), {"type": germ, "subject": reading.subject})
        for each in made:
            if each.type == "Observation":
                each.resource["specimen"] = specimen
    yield from found


ENTRIES = (
    Kind(template=f"{FR_ENTRY}77", parents=(f"{IHE}1.3.1.2",), known_by=(f"{IHE}1.3.1.2",), read=read_sample),
    Kind(
        template=f"{FR_ENTRY}78",
        parents=(f"{IHE}1.3.1.4",),
        known_by=(f"{IHE}1.3.1.4",),
        read=read_battery,
    ),
    Kind(template=f"{FR_ENTRY}79", parents=(f"{IHE}1.3.1.5",), known_by=(f"{IHE}1.3.1.5",), read=read_isolate),
)
