"""Parties <-> Practitioner, PractitionerRole, Organization, Device and RelatedPerson."""

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, code_from_concept, concept_from_code
from usager_cda.datatypes.extensions import extensions_of, filled, put_extension, value_of
from usager_cda.datatypes.identifiers import II, identifier_from_ii, ii_from_identifier
from usager_cda.datatypes.names import best_name, human_name
from usager_cda.datatypes.places import CDA_USE, address_from_fhir, fhir_address
from usager_cda.datatypes.telecoms import contact_point, telecom_from_contact
from usager_cda.fhir import names
from usager_cda.fhir.assembly import scoped_identifier
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Device, Organization, Party
from usager_cda.systems import FR_CORE_IDENTIFIER_TYPES

NON_PROFESSIONALS = "1.2.250.1.213.1.1.4.6"
SOFTWARE_CODES = ("LOGICIEL_DUI", "AUTOMATE", "SNR")
# The systems of JDV_J04, practice settings.
INDUSTRIES = ("1.2.250.1.213.1.1.4.9", "1.2.250.1.213.1.1.4.6")
RELATIVE_CLASSES = ("NOK", "ECON", "CAREGIVER", "CON", "PRS", "GUARD", "GUAR")
ROLE_CLASSES = "2.16.840.1.113883.5.110"

# First character of a national structure number -> (FHIR system, identifier type). 1 says not whether EJ or ET.
STRUCTURE_KINDS = {"1": (systems.FINESS, None), "2": (systems.SIRENE, "SIREN"), "3": (systems.SIRENE, "SIRET")}
LENGTHS = {"SIREN": 9, "SIRET": 14}


def is_software(party: Party) -> bool:
    """Say whether a party is a program: it says so, or it has a program's code and nobody's name."""
    coded = party.code is not None and party.code.system == NON_PROFESSIONALS and party.code.code in SOFTWARE_CODES
    return party.device is not None or (coded and party.name is None)


def is_relative(party: Party) -> bool:
    """Say whether a party is someone close to the patient."""
    return party.is_relative or (party.class_code in RELATIVE_CLASSES and party.name is not None)


def organization_resource(organization: Organization, key: str, *, disputed: bool) -> Tree:
    """Return the Organization."""
    ids = [] if disputed else organization.ids
    made = filled(
        {
            "resourceType": "Organization",
            "identifier": [*_structure_identifiers(tuple(ids))] or [scoped_identifier("Organization", key)],
            "type": [concept_from_code(organization.industry)] if organization.industry else None,
            "name": organization.name,
            "telecom": [_not_home(contact_point(telecom), telecom.use) for telecom in organization.telecoms],
            "address": [_not_home(fhir_address(address), address.use) for address in organization.addresses],
        }
    )
    return _with_disputed(made, organization.ids if disputed else ())


def _not_home(contact: Tree, use: str | None) -> Tree:
    """Return a contact of a structure: R4 forbids those to be of use home (org-2, org-3), documents do not."""
    if contact.get("use") == "home":
        del contact["use"]
        if value_of(contact, CDA_USE, "valueCode") is None:
            put_extension(contact, CDA_USE, valueCode=use)
    return contact


def _structure_identifiers(ids: tuple[II, ...]) -> list[Tree]:
    made = [identifier_from_ii(ii) for ii in ids]
    for ii in ids:
        kind = STRUCTURE_KINDS.get((ii.extension or "")[:1]) if ii.root == systems.STRUCTURES else None
        number = (ii.extension or "")[1:]
        if kind and number.isdigit() and len(number) == LENGTHS.get(kind[1] or "", 9):
            made.append(_typed(kind[0], number, kind[1]))
    return made


def _typed(system: str, value: str, code: str | None) -> Tree:
    known_type = {"coding": [{"system": FR_CORE_IDENTIFIER_TYPES, "code": code}]} if code else None
    return filled({"type": known_type, "system": system, "value": value})


def practitioner_resource(party: Party, key: str, *, disputed: bool) -> Tree:
    """Return the Practitioner."""
    ids = [] if disputed else party.ids
    identifiers = [each for ii in ids for each in _person_identifiers(ii)]
    made = filled(
        {
            "resourceType": "Practitioner",
            "identifier": identifiers or [scoped_identifier("Practitioner", key)],
            "name": [human_name(party.name)] if party.name else None,
            "telecom": [contact_point(telecom) for telecom in party.telecoms],
            "address": [fhir_address(address) for address in party.addresses],
        }
    )
    return _with_disputed(made, party.ids if disputed else ())


def _person_identifiers(ii: II) -> list[Tree]:
    made = [identifier_from_ii(ii)]
    number = (ii.extension or "").removeprefix("8")
    if ii.root == systems.PERSONS and len(number) == 11 and len(ii.extension or "") == 12 and number.isdigit():
        made.append(_typed(systems.RPPS, number, "RPPS"))
    return made


def _with_disputed(resource: Tree, ids: tuple[II, ...]) -> Tree:
    for ii in ids:
        put_extension(resource, names.DISPUTED, valueIdentifier=identifier_from_ii(ii))
    return resource


def role_resource(key: str, practitioner: Tree, organization: Tree | None, code: Code | None) -> Tree:
    """Return the PractitionerRole; practitioner and organization are References."""
    return filled(
        {
            "resourceType": "PractitionerRole",
            "identifier": [scoped_identifier("PractitionerRole", key)],
            "practitioner": practitioner,
            "organization": organization,
            "code": [concept_from_code(code)] if code else None,
        }
    )


def device_resource(party: Party, key: str, owner: Tree | None) -> Tree:
    """Return the Device of a software."""
    device = party.device or Device()
    return filled(
        {
            "resourceType": "Device",
            "identifier": [identifier_from_ii(ii) for ii in party.ids] or [scoped_identifier("Device", key)],
            "manufacturer": device.model,
            "deviceName": [{"name": device.software, "type": "user-friendly-name"}] if device.software else None,
            "type": concept_from_code(party.code) if party.code else None,
            "owner": owner,
            "contact": [contact_point(telecom) for telecom in party.telecoms],
        }
    )


def relative_resource(party: Party, key: str, patient: Tree) -> Tree:
    """Return the RelatedPerson; its relationships are its class (NOK, ECON ...) and its link with the patient."""
    codes = [Code(party.class_code, ROLE_CLASSES)] if party.class_code else []
    codes += [party.code] if party.code else []
    return filled(
        {
            "resourceType": "RelatedPerson",
            "identifier": [scoped_identifier("RelatedPerson", key)],
            "patient": patient,
            "relationship": [concept_from_code(code) for code in codes],
            "name": [human_name(party.name)] if party.name else None,
            "telecom": [contact_point(telecom) for telecom in party.telecoms],
            "address": [fhir_address(address) for address in party.addresses],
        }
    )


def party_of(resolver: Resolver, reference: Tree | None, holder: Tree | None = None) -> Party | None:
    """Return the party a Reference means; None when its resource is not at hand."""
    resource = resolver.find(reference, holder)
    if resource is None:
        return None
    match resource.get("resourceType"):
        case "PractitionerRole":
            return _party_of_role(resolver, resource)
        case "Practitioner":
            return _party_of_person(resource)
        case "Organization":
            return Party(organization=organization_of(resource))
        case "Device":
            return _party_of_device(resolver, resource)
        case "RelatedPerson":
            return _party_of_relative(resource)
    return None


def _party_of_person(resource: Tree) -> Party:
    return Party(
        ids=_ids(resource, systems.PERSONS),
        addresses=tuple(address_from_fhir(each) for each in resource.get("address", ())),
        telecoms=tuple(telecom_from_contact(each) for each in resource.get("telecom", ())),
        name=best_name(resource),
    )


def _party_of_role(resolver: Resolver, resource: Tree) -> Party:
    person = resolver.find(resource.get("practitioner"), resource) or {}
    organization = resolver.find(resource.get("organization"), resource)
    party = _party_of_person(person)
    codes = [code_from_concept(each) for each in resource.get("code", ())]
    telecoms = tuple(telecom_from_contact(each) for each in resource.get("telecom", ()))
    return Party(
        ids=party.ids,
        code=next((code for code in codes if code), None),
        addresses=party.addresses,
        telecoms=party.telecoms or telecoms,
        name=party.name,
        organization=organization_of(organization) if organization else None,
    )


def _party_of_device(resolver: Resolver, resource: Tree) -> Party:
    owner = resolver.find(resource.get("owner"), resource)
    named: Tree = next(iter(resource.get("deviceName", ())), {})
    device = Device(resource.get("manufacturer") or resource.get("modelNumber"), named.get("name"))
    return Party(
        ids=_ids(resource, systems.PERSONS),
        code=code_from_concept(resource.get("type")),
        telecoms=tuple(telecom_from_contact(each) for each in resource.get("contact", ())),
        device=device,
        organization=organization_of(owner) if owner else None,
    )


def _party_of_relative(resource: Tree) -> Party:
    codes = [code for each in resource.get("relationship", ()) if (code := code_from_concept(each))]
    classes = [code for code in codes if code.system == ROLE_CLASSES]
    others = [code for code in codes if code.system != ROLE_CLASSES]
    return Party(
        code=others[0] if others else None,
        addresses=tuple(address_from_fhir(each) for each in resource.get("address", ())),
        telecoms=tuple(telecom_from_contact(each) for each in resource.get("telecom", ())),
        name=best_name(resource),
        class_code=classes[0].code if classes else None,
        is_relative=True,
    )


def organization_of(resource: Tree) -> Organization:
    """Return the structure of an Organization resource."""
    kinds = [code_from_concept(each) for each in resource.get("type", ())]
    return Organization(
        ids=_ids(resource, systems.STRUCTURES),
        name=resource.get("name"),
        telecoms=tuple(telecom_from_contact(each) for each in resource.get("telecom", ())),
        addresses=tuple(address_from_fhir(each) for each in resource.get("address", ())),
        industry=next((code for code in kinds if code and code.system in INDUSTRIES), None),
    )


def _ids(resource: Tree, national: str) -> tuple[II, ...]:
    """Return the identifiers that CDA can carry; the national one may be made from RPPS, FINESS or SIRENE."""
    listed = resource.get("identifier", ())
    disputed = [each.get("valueIdentifier") or {} for each in extensions_of(resource, names.DISPUTED)]
    known = [ii for each in (*listed, *disputed) if each.get("use") != "old" and (ii := ii_from_identifier(each))]
    if any(ii.root == national for ii in known):
        return tuple(known)
    made = (_national(each, national) for each in listed if each.get("use") != "old")
    return (*(ii for ii in made if ii), *known)


def _national(identifier: Tree, national: str) -> II | None:
    system, value = identifier.get("system"), str(identifier.get("value", ""))
    if national == systems.PERSONS:
        return II(national, f"8{value}") if system == systems.RPPS else None
    if system == systems.FINESS:
        return II(national, f"1{value}")
    if system == systems.SIRENE:
        return II(national, f"{'3' if len(value) == LENGTHS['SIRET'] else '2'}{value}")
    return None
