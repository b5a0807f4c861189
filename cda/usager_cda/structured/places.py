"""Where something happens (participantRole SDLOC) <-> a contained Location."""

from collections.abc import Iterable, Iterator

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_concept, concept_from_code, parse_code
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.datatypes.places import address_from_fhir, build_address, fhir_address, parse_address
from usager_cda.datatypes.telecoms import build_telecom, contact_point, parse_telecom, telecom_from_contact
from usager_cda.structured import french
from usager_cda.structured.reading import Reading
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing
from usager_cda.tree import Element, Node, attribute, child, children, descendant, text_of

PLACE = {"reference": "#place"}


def read_place(participants: Iterable[Element], reading: Reading, types: tuple[str, ...] = ("LOC",)) -> Tree:
    """Return the place among participants; empty without one. Others are reported."""
    found: Tree = {}
    for participant in participants:
        made = _place(child(participant, "participantRole"))
        if found or not made or attribute(participant, "typeCode") not in types:
            text = "This participant is kept in the original document only"
            reading.reader.report(participant, text, "information")
            continue
        found = made
    return found


def _place(role: Element | None) -> Tree:
    code, entity = parse_code(child(role, "code")), child(role, "playingEntity")
    kind = concept_from_code(code) if code is not None and code.code else None
    made = filled(
        {
            "resourceType": "Location",
            "id": "place",
            "identifier": [identifier_from_ii(ii) for each in children(role, "id") if (ii := parse_ii(each)).is_known],
            "name": text_of(child(entity, "name")) or text_of(descendant(role, "scopingEntity/desc")),
            "type": [kind] if kind else None,
            "telecom": [contact_point(parse_telecom(each)) for each in children(role, "telecom") if each.get("value")],
            "address": next((fhir_address(parse_address(each)) for each in children(role, "addr") if len(each)), None),
        }
    )
    return made if len(made) > 2 else {}


def build_place(place: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    """Yield the participant of a place."""
    row.tell("Lieu", place.get("name") or french.address(place.get("address")))
    known = [build_ii("id", ii) for each in place.get("identifier", ()) if (ii := ii_from_identifier(each))]
    telecoms = [build_telecom(telecom_from_contact(each)) for each in place.get("telecom", ())]
    address = build_address(address_from_fhir(place["address"])) if place.get("address") else None
    name = node("name", place["name"]) if place.get("name") else None
    kind = next(iter(place.get("type", ())), None)
    entity = add(node("playingEntity", classCode="PLC", determinerCode="INSTANCE"), name)
    role = add(node("participantRole", classCode="SDLOC"), *(known or [node("id", nullFlavor="UNK")]))
    add(role, build_code("code", code_from_concept(kind)), address, *telecoms, entity)
    yield add(node("participant", typeCode="LOC"), role)
