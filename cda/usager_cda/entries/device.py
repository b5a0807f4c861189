"""Medical devices a person has or uses <-> DeviceUseStatement with its contained Device."""

from collections.abc import Iterable, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, effective_time, link_of, said, text_at
from usager_cda.tree import Element, add, child, children, descendant, node

DEVICE = f"{FR_ENTRY}20"
PARENT = f"{CCD}34"


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a DeviceUseStatement."""
    statement.skip("statusCode", "code")
    role = child(statement.first("participant"), "participantRole")
    ids = [identifier_from_ii(ii) for each in children(role, "id") if (ii := parse_ii(each)).is_known]
    code = reading.concept(descendant(role, "playingDevice/code")) or {"text": "?"}
    device = filled({"resourceType": "Device", "id": "device", "identifier": ids, "type": code})
    when = reading.when(statement.first("effectiveTime"), "timing")
    body = extended(
        {"extension": reading.link(statement), "contained": [device]},
        {"status": "active", "subject": reading.subject, **when, "device": {"reference": "#device"}},
        reading.people(statement, author="source"),
        {"note": reading.notes(statement)},
    )
    yield reading.put("DeviceUseStatement", statement, body)


def build(resources: Sequence[Tree], writing: Writing) -> Element:
    """Return the supply of one device."""
    (resource,) = resources
    row = writing.row()
    device = writing.find(resource.get("device"), resource) or {}
    kind = device.get("type") or {}
    row.tell("Date", french.span(resource.get("timingPeriod")) or french.day(resource.get("timingDateTime")))
    made = writing.statement("supply", (PARENT, DEVICE))
    reference = row.point("Dispositif", said(kind), link_of(resource))
    add(
        made,
        *writing.ids_of(resource, most=1),
        text_at(reference),
        effective_time(resource, "timing", null="UNK", typed=True),
    )
    code = writing.coded("code", kind, row.say("Dispositif", said(kind)))
    playing = add(node("playingDevice", classCode="DEV", determinerCode="INSTANCE"), code)
    known = [build_ii("id", ii) for each in device.get("identifier", ()) if (ii := ii_from_identifier(each))]
    role = add(node("participantRole", classCode="MANU"), *(known or [node("id", nullFlavor="UNK")]), playing)
    add(made, *writing.people(resource, "author", "source"), add(node("participant", typeCode="DEV"), role))
    return add(made, *writing.comments(resource, row))


ENTRY = Kind(
    template=DEVICE,
    parents=(PARENT,),
    known_by=(PARENT,),
    read=read,
    takes=lambda resource: resource.get("resourceType") == "DeviceUseStatement",
    build=build,
)
