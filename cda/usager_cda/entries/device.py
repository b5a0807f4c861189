"""Medical devices in use <-> DeviceUseStatement with its Device; prescribed (read only) -> DeviceRequest."""

from collections.abc import Iterable, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.entries.ordering import amount, circumstances, order, with_requester
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, effective_time, link_of, said, text_at
from usager_cda.tree import Node, child, children, descendant

DEVICE = f"{FR_ENTRY}20"
PARENT = f"{CCD}34"


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a DeviceUseStatement, or of a DeviceRequest for what is prescribed."""
    statement.skip("statusCode", "code")
    if statement.mood == "INT":
        yield read_request(statement, reading)
        return
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


def read_request(statement: Statement, reading: Reading) -> Tree:
    """Return the Reference of a DeviceRequest: its code, how many, how long, how often again."""
    role = child(statement.first("participant"), "participantRole")
    counted = (
        ("Quantité", statement.first("quantity")),
        ("Renouvellements", statement.first("repeatNumber")),
        ("Durée d'utilisation", child(statement.first("expectedUseTime"), "width")),
    )
    parameters = [
        {"code": {"text": label}, "valueQuantity": made}
        for label, element in counted
        if element is not None and (made := amount(element, reading))
    ]
    body = extended(
        {"extension": reading.link(statement), **order(reading)},
        {"codeCodeableConcept": reading.concept(descendant(role, "playingDevice/code")) or {"text": "?"}},
        {"parameter": parameters, "subject": reading.subject},
        reading.when(statement.first("effectiveTime"), "occurrence"),
        with_requester(reading.people(statement, author="requester"), reading),
        {"supportingInfo": circumstances(statement, reading), "note": reading.notes(statement)},
    )
    return reading.put("DeviceRequest", statement, body)


def build(resources: Sequence[Tree], writing: Writing) -> Node:
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
