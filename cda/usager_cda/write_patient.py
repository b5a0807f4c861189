"""Patient -> recordTarget."""

from usager_cda.building import add, node
from usager_cda.datatypes.codes import build_code
from usager_cda.datatypes.identifiers import build_ii
from usager_cda.datatypes.names import build_name
from usager_cda.datatypes.places import build_address
from usager_cda.datatypes.telecoms import build_telecom
from usager_cda.datatypes.times import build_ts
from usager_cda.header import Guardian, Organization, Patient
from usager_cda.tree import SDTC, Node


def build_record_target(patient: Patient) -> Node:
    """Return the recordTarget of a patient."""
    role = add(
        node("patientRole", classCode="PAT"),
        *(build_ii("id", ii) for ii in patient.ids),
        *map(build_address, patient.addresses),
        *map(build_telecom, patient.telecoms),
        _person(patient),
    )
    return add(node("recordTarget", typeCode="RCT", contextControlCode="OP"), role)


def _person(patient: Patient) -> Node:
    birth = patient.birth
    return add(
        node("patient", classCode="PSN"),
        build_name(patient.name),
        build_code("administrativeGenderCode", patient.gender)
        if patient.gender
        else _unknown("administrativeGenderCode"),
        node("birthTime", value=build_ts(birth)) if birth else _unknown("birthTime", patient.birth_null),
        _sdtc("deceasedInd", _boolean(patient.deceased)),
        _sdtc("deceasedTime", build_ts(patient.deceased_time) if patient.deceased_time else None),
        _sdtc("multipleBirthInd", _boolean(patient.multiple_birth)),
        _sdtc("multipleBirthOrderNumber", str(patient.birth_order) if patient.birth_order else None),
        *map(_guardian, patient.guardians),
        _birthplace(patient),
    )


def _unknown(tag: str, null: str | None = None) -> Node:
    return node(tag, nullFlavor=null or "UNK")


def _sdtc(name: str, value: str | None) -> Node | None:
    if value is None:
        return None
    made = node(name, value=value)
    made.tag = SDTC + name
    return made


def _boolean(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _guardian(guardian: Guardian) -> Node:
    return add(
        node("guardian", classCode="GUARD"),
        *map(build_address, guardian.addresses),
        *map(build_telecom, guardian.telecoms),
        add(node("guardianPerson"), build_name(guardian.name)) if guardian.name else _guardian_organization(guardian),
    )


def _guardian_organization(guardian: Guardian) -> Node:
    organization = guardian.organization or Organization()
    made = add(node("guardianOrganization"), *(build_ii("id", ii) for ii in organization.ids))
    return add(made, node("name", organization.name) if organization.name else None)


def _birthplace(patient: Patient) -> Node | None:
    if patient.birthplace is None and patient.birthplace_name is None:
        return None
    name = node("name", patient.birthplace_name) if patient.birthplace_name else None
    place = add(node("place"), name, build_address(patient.birthplace) if patient.birthplace else None)
    return add(node("birthplace"), place)
