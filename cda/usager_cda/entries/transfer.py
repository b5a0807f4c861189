"""Transfers -> Procedure; the structure that is wished for -> ServiceRequest; the place is with them. Read only."""

from collections.abc import Iterable

from usager_cda.datatypes import Tree
from usager_cda.structured.kinds import FR_ENTRY, IHE, Kind
from usager_cda.structured.places import PLACE, read_place
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement

TRANSFER, PREFERENCE = f"{FR_ENTRY}28", f"{FR_ENTRY}97"
TRANSFER_PARENT, PREFERENCE_PARENT = f"{IHE}1.5.3.1.1.25.1.4.1", f"{IHE}1.5.3.1.1.10.4.2"
DESTINATIONS = ("DST", "RCV", "LOC")


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the Procedure of a transfer, of the ServiceRequest of one that is only wished for."""
    statement.skip("statusCode")
    place = read_place(statement.every("participant"), reading, DESTINATIONS)
    is_wish = statement.mood != "EVN"
    body = extended(
        {"extension": reading.link(statement), "contained": [place] if place else None},
        {"code": reading.concept(statement.first("code")), "subject": reading.subject},
        reading.when(statement.first("effectiveTime"), "occurrence" if is_wish else "performed"),
        reading.people(statement),
        {"note": reading.notes(statement)},
    )
    if is_wish:
        body |= {"status": "active", "intent": "plan", "locationReference": [PLACE] if place else None}
        yield reading.put("ServiceRequest", statement, body)
        return
    yield reading.put("Procedure", statement, {**body, "status": "completed", "location": PLACE if place else None})


ENTRIES = (
    Kind(template=TRANSFER, parents=(TRANSFER_PARENT,), known_by=(TRANSFER_PARENT,), read=read),
    Kind(template=PREFERENCE, parents=(PREFERENCE_PARENT,), known_by=(PREFERENCE_PARENT,), read=read),
)
