"""Header -> the header elements of a ClinicalDocument, complete, in the strict order of the CI-SIS."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from usager_cda.building import add, document_of, markup, node
from usager_cda.datatypes.codes import Code, build_code
from usager_cda.datatypes.identifiers import II, build_ii
from usager_cda.datatypes.names import build_name
from usager_cda.datatypes.places import build_address
from usager_cda.datatypes.telecoms import build_telecom
from usager_cda.datatypes.times import Interval, build_interval, ts_node
from usager_cda.header import Act, Consent, Device, Facility, Header, Organization, Parent, Participation, Party, Stay
from usager_cda.shapes import SHAPES, Shape
from usager_cda.systems import STRUCTURES
from usager_cda.tree import XSI_TYPE, Node
from usager_cda.write_patient import build_record_target


def build_document(header: Header, body: str) -> bytes:
    """Return the document in UTF-8; body is the markup of its structuredBody or nonXMLBody."""
    told = markup(*identity(header), *people(header), *context(header))
    return document_of((told, '<component typeCode="COMP">', body, "</component>"))


def identity(header: Header) -> Iterable[Node | None]:
    """Return what the document says of itself."""
    return (
        node("realmCode", code="FR"),
        node("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040"),
        *(build_ii("templateId", template) for template in header.templates),
        build_ii("id", header.id),
        build_code("code", header.code),
        node("title", header.title),
        ts_node("effectiveTime", header.time),
        build_code("confidentialityCode", header.confidentiality),
        node("languageCode", code=header.language),
        build_ii("setId", header.set_id) if header.set_id else None,
        node("versionNumber", value=str(header.version)) if header.version else None,
    )


def people(header: Header) -> Iterable[Node | None]:
    """Return the patient and everyone who takes part."""
    single = [part for part in (header.legal_authenticator,) if part is not None]
    entered = [header.data_enterer] if header.data_enterer else []
    before = map(participation, chain(header.authors, entered, header.informants))
    after = map(participation, chain(header.recipients, single, header.authenticators, header.participants))
    return (build_record_target(header.patient), *before, _custodian(header.custodian), *after)


def context(header: Header) -> Iterable[Node | None]:
    """Return orders, acts, parents, consents and the stay."""
    return (
        *(add(node("inFulfillmentOf"), add(node("order"), build_ii("id", order))) for order in header.orders),
        *map(_act, header.acts),
        *map(_parent, header.parents),
        *map(_consent, header.consents),
        _stay(header.stay),
    )


def participation(part: Participation) -> Node:
    """Return one participation, laid out as its role demands."""
    shape = SHAPES["relative" if part.party.is_relative else part.role]
    made = node(part.role, typeCode=_type_code(part))
    return add(
        made,
        build_code("functionCode", _function(part.function)) if shape.has_function else None,
        _moment(part, shape),
        node("signatureCode", code="S") if part.role in ("legalAuthenticator", "authenticator") else None,
        _entity(part.party, shape),
    )


def _function(code: Code | None) -> Code | None:
    """Return a function; the rules of the header take one in words alone only as not applicable."""
    return code._replace(null="NA") if code is not None and code.code is None and code.text else code


def _type_code(part: Participation) -> str | None:
    default = SHAPES[part.role].type_code
    return None if default is None else part.type_code or default


def _moment(part: Participation, shape: Shape) -> Node | None:
    if shape.moment == "TS":
        return ts_node("time", part.time, "UNK")
    if shape.moment is None or (part.period is None and part.role != "participant"):
        return None
    made = _span("time", part.period)
    if made is not None and part.role == "participant":
        made.set(XSI_TYPE, "IVL_TS")
    return made


def _span(tag: str, period: Interval | None) -> Node | None:
    """Return a period, not applicable without one; the rules of the header take a moment as one value, not two ends."""
    if period is not None and period.low is not None and period.low == period.high:
        return ts_node(tag, period.low)
    return build_interval(tag, period or Interval(null="NA"))


def _entity(party: Party, shape: Shape) -> Node:
    made = node(shape.entity, classCode=party.class_code or shape.class_code)
    return add(
        made,
        *_ids(party, shape),
        build_code("code", party.code) if shape.entity != "intendedRecipient" else None,
        *map(build_address, party.addresses),
        *map(build_telecom, party.telecoms),
        _person(party, shape),
        _device(party.device) if shape.entity == "assignedAuthor" else None,
        _organization(shape.organization, _known_nationally(party.organization, shape)) if shape.organization else None,
    )


def _known_nationally(organization: Organization | None, shape: Shape) -> Organization | None:
    """Return a structure with its national identifier alone: only who is responsible for a stay may have others."""
    if organization is None or shape is SHAPES["responsibleParty"]:
        return organization
    national = tuple(ii for ii in organization.ids if ii.root == STRUCTURES)
    return replace(organization, ids=national) if national else organization


def _ids(party: Party, shape: Shape) -> Iterable[Node]:
    if shape.entity == "relatedEntity":
        return ()
    known = [build_ii("id", ii) for ii in party.ids[: 1 if shape.single_id else None]]
    needs_one = shape.entity in ("assignedAuthor", "assignedEntity")
    return known or ((node("id", nullFlavor="UNK"),) if needs_one else ())


def _person(party: Party, shape: Shape) -> Node | None:
    if party.name is None or shape.person is None:
        return None
    return add(node(shape.person), build_name(party.name))


def _device(device: Device | None) -> Node | None:
    if device is None:
        return None
    model = node("manufacturerModelName", device.model) if device.model else None
    software = node("softwareName", device.software) if device.software else None
    return add(node("assignedAuthoringDevice"), model, software)


def _organization(tag: str, organization: Organization | None, *, most: int | None = None) -> Node | None:
    if organization is None:
        return None
    return add(
        node(tag),
        *(build_ii("id", ii) for ii in organization.ids[:most]),
        node("name", organization.name) if organization.name else None,
        *map(build_telecom, organization.telecoms[:most]),
        *map(build_address, organization.addresses[:1]),
        build_code("standardIndustryClassCode", organization.industry) if most is None else None,
    )


def _custodian(organization: Organization | None) -> Node | None:
    kept = _organization("representedCustodianOrganization", organization, most=1)
    return None if kept is None else add(node("custodian"), add(node("assignedCustodian"), kept))


def _act(act: Act) -> Node:
    event = add(
        node("serviceEvent"),
        *(build_ii("id", ii) for ii in act.ids),
        build_code("code", act.code),
        build_interval("effectiveTime", act.period),
        *map(participation, act.performers),
    )
    return add(node("documentationOf"), event)


def _parent(parent: Parent) -> Node:
    named = add(
        node("parentDocument"),
        build_ii("id", parent.id),
        node("versionNumber", value=str(parent.version)) if parent.version else None,
    )
    return add(node("relatedDocument", typeCode=parent.type_code), named)


def _consent(consent: Consent) -> Node:
    made = node("consent", classCode="CONS", moodCode="EVN")
    status = node("statusCode", code=consent.status or "completed")
    add(made, *(build_ii("id", ii) for ii in consent.ids), build_code("code", consent.code), status)
    return add(node("authorization", typeCode="AUTH"), made)


def _stay(stay: Stay) -> Node:
    responsible = None
    if stay.responsible is not None:
        responsible = add(node("responsibleParty"), _entity(stay.responsible, SHAPES["responsibleParty"]))
    encounter = add(
        node("encompassingEncounter"),
        *(build_ii("id", ii) for ii in stay.ids),
        build_code("code", stay.code),
        _span("effectiveTime", stay.period),
        build_code("dischargeDispositionCode", stay.discharge),
        responsible,
        *map(participation, stay.participants),
        add(node("location"), _facility(stay.facility)),
    )
    return add(node("componentOf"), encounter)


def _facility(facility: Facility) -> Node:
    place = None
    if facility.name or facility.address:
        name = node("name", facility.name) if facility.name else None
        place = add(node("location"), name, build_address(facility.address) if facility.address else None)
    ids: tuple[II, ...] = facility.ids
    return add(
        node("healthCareFacility"), *(build_ii("id", ii) for ii in ids), build_code("code", facility.code), place
    )
