"""The little of HL7 v2 that XDS speaks: CX, XCN, XON, and times in UTC."""

from datetime import UTC, datetime

from usager_cda.datatypes.identifiers import II
from usager_cda.datatypes.names import Name
from usager_cda.header import Organization, Party, Patient
from usager_cda.systems import PERSONS, STRUCTURES

SEPARATORS = str.maketrans(dict.fromkeys("^&|~\\", " "))


def plain(text: str | None) -> str:
    """Return a text without the separators of HL7 v2."""
    return " ".join((text or "").translate(SEPARATORS).split())


def utc_time(value: str) -> str:
    """Return a FHIR date or dateTime as XDS writes it: in UTC, as precise as it is."""
    if "T" not in value:
        return value.replace("-", "")
    return f"{datetime.fromisoformat(value).astimezone(UTC):%Y%m%d%H%M%S}"


def patient_id(patient: Patient) -> str | None:
    """Return the identifier of the person, as CX: the INS first (type NH), else a local number (type PI)."""
    known = sorted((ii for ii in patient.ids if ii.root and ii.extension), key=lambda ii: not ii.is_ins)
    return _cx(known[0]) if known else None


def source_patient_id(patient: Patient) -> str | None:
    """Return the local number of the person as CX, else what patient_id gives."""
    local = (ii for ii in patient.ids if ii.root and ii.extension and not ii.is_ins)
    found = next(local, None)
    return _cx(found) if found else patient_id(patient)


def _cx(ii: II) -> str:
    return f"{plain(ii.extension)}^^^&{plain(ii.root)}&ISO^{'NH' if ii.is_ins else 'PI'}"


def source_patient_info(patient: Patient) -> list[str]:
    """Return the traits, a PID field each."""
    name = patient.name
    family, given = name.family("BR", None, "CL"), name.given("BR", None, "CL")
    used_family, used_given = name.family("CL", "SP"), name.given("CL")
    told = [f"PID-5|{plain(family)}^{plain(given)}^^^^^L"]
    if used_family or used_given:
        told.append(f"PID-5|{plain(used_family or family)}^{plain(used_given or given)}^^^^^D")
    if patient.birth:
        told.append(f"PID-7|{patient.birth.replace('-', '')}")
    if patient.gender and patient.gender.code:
        told.append(f"PID-8|{plain(patient.gender.code)}")
    return told


def person(party: Party) -> str | None:
    """Return a professional as XCN; None for one without an identifier or a name."""
    name = party.name or Name()
    family, given = name.family("CL", None, "BR", "SP"), name.given("CL", "BR", None)
    ii = _first(party.ids, PERSONS)
    if ii is None or not (family or name.text):
        return None
    kind = "IDNPS" if ii.root == PERSONS else "EI"
    return f"{plain(ii.extension)}^{plain(family or name.text)}^{plain(given)}^^^^^^&{plain(ii.root)}&ISO^D^^^{kind}"


def structure(organization: Organization | None) -> str | None:
    """Return a structure as XON; None for one without a name."""
    if organization is None or not organization.name:
        return None
    ii = _first(organization.ids, STRUCTURES)
    if ii is None:
        return plain(organization.name)
    return f"{plain(organization.name)}^^^^^&{plain(ii.root)}&ISO^IDNST^^^{plain(ii.extension)}"


def _first(ids: tuple[II, ...], national: str) -> II | None:
    ranked = sorted((ii for ii in ids if ii.root and ii.extension), key=lambda ii: ii.root != national)
    return ranked[0] if ranked else None
