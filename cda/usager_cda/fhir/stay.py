"""Stay <-> Encounter; the place is a Location inside it."""

from collections.abc import Callable, Iterator

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, code_from_coding, code_from_concept, coding_from_code, concept_from_code
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import identifier_from_ii, ii_from_identifier
from usager_cda.datatypes.places import address_from_fhir, fhir_address
from usager_cda.datatypes.times import interval_from_period, period_from_interval
from usager_cda.fhir.assembly import scoped_identifier
from usager_cda.fhir.parties import organization_of, party_of
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Facility, Participation, Party, Stay
from usager_cda.systems import V2_IDENTIFIER_TYPES

PARTICIPATION_TYPES = systems.V3 + "ParticipationType"
NULL_FLAVORS = "2.16.840.1.113883.5.1008"
RESPONSIBLE = "RESP"
VISIT = {"coding": [{"system": V2_IDENTIFIER_TYPES, "code": "VN"}]}

PartyReference = Callable[[Party], Tree | None]


def encounter_resource(
    stay: Stay, scope: str, subject: Tree, provider: Tree | None, party_reference: PartyReference
) -> Tree:
    """Return the Encounter; a stay without a number gets an identity that the versions of the document share."""
    identifiers = [identifier_from_ii(ii, kind="VN") for ii in stay.ids]
    place = _location(stay.facility)
    return filled(
        {
            "resourceType": "Encounter",
            "contained": [place] if place else None,
            "identifier": identifiers or [{"type": VISIT, **scoped_identifier("Encounter", scope)}],
            "status": "finished" if stay.period and stay.period.high else "unknown",
            "class": coding_from_code(stay.code if stay.code and stay.code.code else _no_class(stay.code)),
            "subject": subject,
            "participant": _participants(stay, party_reference),
            "period": period_from_interval(stay.period) if stay.period else None,
            "hospitalization": _hospitalization(stay.discharge),
            "location": [{"location": {"reference": "#facility"}}] if place else None,
            "serviceProvider": provider,
        }
    )


def _no_class(code: Code | None) -> Code:
    return Code((code and code.null) or "UNK", NULL_FLAVORS)


def _hospitalization(discharge: Code | None) -> Tree | None:
    return {"dischargeDisposition": concept_from_code(discharge)} if discharge else None


def _location(facility: Facility) -> Tree | None:
    if not (facility.ids or facility.name or facility.address):
        return None
    return filled(
        {
            "resourceType": "Location",
            "id": "facility",
            "identifier": [identifier_from_ii(ii) for ii in facility.ids],
            "name": facility.name,
            "type": [concept_from_code(facility.code)] if facility.code else None,
            "address": fhir_address(facility.address) if facility.address else None,
        }
    )


def _participants(stay: Stay, reference: PartyReference) -> list[Tree]:
    made = [_participant(RESPONSIBLE, None, reference(stay.responsible))] if stay.responsible else []
    for part in stay.participants:
        period = period_from_interval(part.period) if part.period else None
        made.append(_participant(part.type_code or "PPRF", period, reference(part.party)))
    return made


def _participant(type_code: str, period: Tree | None, individual: Tree | None) -> Tree:
    kind = {"coding": [{"system": PARTICIPATION_TYPES, "code": type_code}]}
    return filled({"type": [kind], "period": period, "individual": individual})


def stay_of(encounter: Tree | None, facility_code: Code | None, resolver: Resolver) -> Stay:
    """Return the stay of an Encounter, and the type of its facility."""
    if encounter is None:
        return Stay(facility=Facility(code=facility_code))
    return Stay(
        ids=tuple(ii for each in encounter.get("identifier", ()) if (ii := ii_from_identifier(each))),
        code=_class_of(encounter),
        period=interval_from_period(encounter.get("period")),
        discharge=code_from_concept(encounter.get("hospitalization", {}).get("dischargeDisposition")),
        responsible=next((part.party for part in _parts(encounter, resolver, responsible=True)), None),
        participants=tuple(_parts(encounter, resolver, responsible=False)),
        facility=_facility(encounter, facility_code, resolver),
    )


def _class_of(encounter: Tree) -> Code | None:
    coding = encounter.get("class") or {}
    code = code_from_coding(coding)
    if code.system == NULL_FLAVORS:
        return None if code.code == "UNK" else Code(null=code.code)
    return code if code.code else None


def _parts(encounter: Tree, resolver: Resolver, *, responsible: bool) -> Iterator[Participation]:
    for each in encounter.get("participant", ()):
        type_code = _type_code(each)
        party = party_of(resolver, each.get("individual"), encounter)
        if party is not None and (type_code == RESPONSIBLE) is responsible:
            period = interval_from_period(each.get("period"))
            yield Participation("encounterParticipant", party, type_code=type_code, period=period)


def _type_code(participant: Tree) -> str | None:
    codings = (coding for kind in participant.get("type", ()) for coding in kind.get("coding", ()))
    return next((coding.get("code") for coding in codings if coding.get("system") == PARTICIPATION_TYPES), None)


def _facility(encounter: Tree, code: Code | None, resolver: Resolver) -> Facility:
    listed = (resolver.find(each.get("location"), encounter) for each in encounter.get("location", ()))
    place = next((found for found in listed if found), None)
    if place is None:
        return _facility_of_provider(encounter, code, resolver)
    return Facility(
        ids=tuple(ii for each in place.get("identifier", ()) if (ii := ii_from_identifier(each))),
        code=code or next((code_from_concept(kind) for kind in place.get("type", ())), None),
        name=place.get("name"),
        address=address_from_fhir(place["address"]) if place.get("address") else None,
    )


def _facility_of_provider(encounter: Tree, code: Code | None, resolver: Resolver) -> Facility:
    provider = resolver.find(encounter.get("serviceProvider"), encounter)
    if provider is None:
        return Facility(code=code)
    organization = organization_of(provider)
    return Facility(organization.ids[:1], code, organization.name, next(iter(organization.addresses), None))
