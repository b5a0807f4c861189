"""Patient <-> FR Core Patient: identity traits of the INS, used names, birth place, representatives."""

from collections.abc import Callable

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, code_from_concept, concept_from_code
from usager_cda.datatypes.extensions import filled, put_extension, value_of
from usager_cda.datatypes.identifiers import II, identifier_from_ii, ii_from_identifier
from usager_cda.datatypes.names import Name, Part, best_name, human_name, name_from_human
from usager_cda.datatypes.nulls import nothing, null_of
from usager_cda.datatypes.places import Address, address_from_fhir, fhir_address
from usager_cda.datatypes.telecoms import contact_point, telecom_from_contact
from usager_cda.fhir import names
from usager_cda.header import Guardian, Organization, Patient

GENDERS = {"M": "male", "F": "female", "UN": "unknown"}
GENDER_SYSTEM = "2.16.840.1.113883.5.1"
GENDER_CODES = {
    "male": Code("M", GENDER_SYSTEM, "Masculin"),
    "female": Code("F", GENDER_SYSTEM, "Féminin"),
    "unknown": Code("UN", GENDER_SYSTEM, "Inconnu"),
    "other": Code("UN", GENDER_SYSTEM, "Inconnu"),
}
GUARDIAN = {"coding": [{"system": names.CONTACT_ROLES, "code": "GUARD"}]}
GUARDIAN_CODES = ("GUARD", "GUAR")

OrganizationReference = Callable[[Organization], Tree]
FindOrganization = Callable[[Tree], Organization | None]


def patient_resource(patient: Patient, reference: OrganizationReference) -> Tree:
    """Return the Patient.

    Shape   an identity read in a document is provisional until this place has checked it (RNIV), matricule or not.
            reference makes the Reference of a structure that represents the patient.
    """
    made = filled(
        {
            "resourceType": "Patient",
            "meta": {"profile": [names.FR_CORE_PATIENT]},
            "extension": [_provisional(), *_birth_place(patient)],
            "identifier": [identifier_from_ii(ii, kind="PI") for ii in patient.ids],
            "name": _human_names(patient.name),
            "telecom": [contact_point(telecom) for telecom in patient.telecoms],
            "gender": GENDERS.get(patient.gender.code or "") if patient.gender else None,
            "birthDate": patient.birth,
            "address": [fhir_address(address) for address in patient.addresses],
            "contact": [_contact(guardian, reference) for guardian in patient.guardians if guardian != Guardian()],
        }
    )
    if "gender" not in made:
        made["_gender"] = nothing(patient.gender.null if patient.gender else None)
    if "birthDate" not in made:
        made["_birthDate"] = nothing(patient.birth_null)
    return made | _life(patient)


def _provisional() -> Tree:
    status = {"system": names.IDENTITY_STATUSES, "code": "PROV"}
    return {"url": names.RELIABILITY, "extension": [{"url": "identityStatus", "valueCoding": status}]}


def _birth_place(patient: Patient) -> list[Tree]:
    if patient.birthplace is None and patient.birthplace_name is None:
        return []
    place = fhir_address(patient.birthplace) if patient.birthplace else {}
    value = filled({**place, "text": patient.birthplace_name})
    return [{"url": names.BIRTH_PLACE, "valueAddress": value}]


def _life(patient: Patient) -> Tree:
    rank: Tree = {"multipleBirthInteger": patient.birth_order}
    if patient.birth_order is None:
        rank = {"multipleBirthBoolean": patient.multiple_birth}
    death: Tree = {"deceasedDateTime": patient.deceased_time}
    if patient.deceased_time is None:
        death = {"deceasedBoolean": patient.deceased}
    return filled(rank | death)


def _human_names(name: Name) -> list[Tree]:
    birth, used = _family_names(name)
    listed = " ".join(text for text, qualifier in name.givens if qualifier is None) or None
    first = name.given("BR") or (listed.split()[0] if listed else None)
    official = filled(
        {
            "use": "official",
            "text": name.text,
            "family": birth,
            "given": [first] if first else None,
            "prefix": [name.prefix] if name.prefix else None,
            "suffix": [name.suffix] if name.suffix else None,
        }
    )
    if listed:
        put_extension(official, names.BIRTH_GIVEN_NAMES, valueString=listed)
    usual = filled({"use": "usual", "family": used, "given": _used_givens(name)})
    return [each for each in (official, usual) if len(each) > 1]


def _family_names(name: Name) -> tuple[str | None, str | None]:
    """Return the birth name and the used one; a name without qualifier is whichever is not said."""
    birth, used, plain = name.family("BR"), name.family("CL", "SP"), name.family(None)
    return birth or plain, used or (plain if birth else None)


def _used_givens(name: Name) -> list[str]:
    return [text for text, qualifier in name.givens if qualifier not in (None, "BR")]


def _contact(guardian: Guardian, reference: OrganizationReference) -> Tree:
    relationship = [GUARDIAN, *([concept_from_code(guardian.code)] if guardian.code else [])]
    return filled(
        {
            "relationship": relationship,
            "name": human_name(guardian.name) if guardian.name else None,
            "telecom": [contact_point(telecom) for telecom in guardian.telecoms],
            "address": fhir_address(guardian.addresses[0]) if guardian.addresses else None,
            "organization": reference(guardian.organization) if guardian.organization else None,
        }
    )


def patient_from_resource(resource: Tree, organization: FindOrganization) -> Patient:
    """Return the patient of a Patient resource; old identifiers are left out, the INS comes first."""
    place = value_of(resource, names.BIRTH_PLACE, "valueAddress") or {}
    address = address_from_fhir({name: value for name, value in place.items() if name != "text"}) if place else None
    return Patient(
        ids=_identifiers(resource),
        addresses=tuple(address_from_fhir(each) for each in resource.get("address", ())),
        telecoms=tuple(telecom_from_contact(each) for each in resource.get("telecom", ())),
        name=_name(resource),
        gender=GENDER_CODES.get(resource.get("gender", ""))
        or Code(null=null_of(resource.get("_gender") or {}) or "UNK"),
        birth=resource.get("birthDate"),
        birth_null=null_of(resource.get("_birthDate") or {}),
        birthplace=address if address != Address() else None,
        birthplace_name=place.get("text"),
        deceased=resource.get("deceasedBoolean", True if resource.get("deceasedDateTime") else None),
        deceased_time=resource.get("deceasedDateTime"),
        multiple_birth=resource.get("multipleBirthBoolean"),
        birth_order=resource.get("multipleBirthInteger"),
        guardians=tuple(_guardian(each, organization) for each in resource.get("contact", ()) if _is_guardian(each)),
    )


def _identifiers(resource: Tree) -> tuple[II, ...]:
    current = (each for each in resource.get("identifier", ()) if each.get("use") != "old")
    known = [ii for each in current if (ii := ii_from_identifier(each)) is not None]
    return tuple(sorted(known, key=lambda ii: not ii.is_ins))


def _name(resource: Tree) -> Name:
    official = _used_as(resource, "official", "maiden")
    usual = _used_as(resource, "usual")
    if official is None and usual is None:
        return _birth_name(best_name(resource) or Name(), None)
    plain = name_from_human(official or {})
    birth = _birth_name(plain, value_of(official or {}, names.BIRTH_GIVEN_NAMES, "valueString"))
    used = name_from_human(usual or {})
    families: tuple[Part, ...] = tuple((text, "CL") for text, _ in used.families[:1])
    givens: tuple[Part, ...] = tuple((text, "CL") for text, _ in used.givens)
    prefix, suffix = birth.prefix or used.prefix, birth.suffix or used.suffix
    return Name(birth.families + families, birth.givens + givens, prefix, suffix, birth.text)


def _used_as(resource: Tree, *uses: str) -> Tree | None:
    found = (name for use in uses for name in resource.get("name", ()) if name.get("use") == use)
    return next(found, None)


def _birth_name(plain: Name, listed: str | None) -> Name:
    """Return the birth traits: BR family, the whole list of given names unqualified, the first of them BR."""
    families: tuple[Part, ...] = tuple((text, "BR") for text, _ in plain.families[:1])
    texts = [text for text, _ in plain.givens]
    whole = listed or " ".join(texts)
    givens: list[Part] = [(whole, None)] if whole else []
    givens += [(texts[0], "BR")] if texts else []
    return Name(families, tuple(givens), plain.prefix, plain.suffix, plain.text)


def _is_guardian(contact: Tree) -> bool:
    codings = (coding for concept in contact.get("relationship", ()) for coding in concept.get("coding", ()))
    return any(coding.get("code") in GUARDIAN_CODES for coding in codings)


def _guardian(contact: Tree, organization: FindOrganization) -> Guardian:
    others = [each for each in contact.get("relationship", ()) if not _is_guardian({"relationship": [each]})]
    return Guardian(
        addresses=(address_from_fhir(contact["address"]),) if contact.get("address") else (),
        telecoms=tuple(telecom_from_contact(each) for each in contact.get("telecom", ())),
        name=name_from_human(contact["name"]) if contact.get("name") else None,
        organization=organization(contact["organization"]) if contact.get("organization") else None,
        code=code_from_concept(others[0]) if others else None,
    )
