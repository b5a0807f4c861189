"""How a French document says things: dates, sexes, numbers, roles."""

import re
from datetime import datetime

from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.datatypes.names import Name
from usager_cda.datatypes.places import Address
from usager_cda.datatypes.telecoms import Telecom
from usager_cda.datatypes.times import PARIS, Interval
from usager_cda.header import Organization
from usager_cda.systems import PERSONS, STRUCTURES

SEXES = {"M": "Masculin", "F": "Féminin", "UN": "Indéterminé"}
INS_KINDS = {
    "1.2.250.1.213.1.4.8": "NIR",
    "1.2.250.1.213.1.4.9": "NIA",
    "1.2.250.1.213.1.4.10": "NIR de test",
    "1.2.250.1.213.1.4.11": "NIR de démonstration",
}
MATRICULE = re.compile(r"(\d)(\d\d)(\d\d)(\w\w)(\d{3})(\d{3})(\d\d)", re.ASCII)
PERSON_NUMBERS = {"0": "ADELI", "8": "RPPS"}
STRUCTURE_NUMBERS = {"1": "FINESS", "2": "SIREN", "3": "SIRET"}
CONFIDENTIALITY = {"N": "Normal", "R": "Restreint", "V": "Très restreint"}
RELATIONS = {
    "NOK": "Personne de confiance",
    "ECON": "Personne à prévenir en cas d'urgence",
    "CAREGIVER": "Aidant",
    "CON": "Informateur",
    "PAT": "Usager",
    "GUARD": "Représentant légal",
}
PREFIXES = {"M": "M.", "MME": "Mme", "MLLE": "Mme"}
SUFFIXES = {"DR": "Dr", "PR": "Pr", "MC": "Médecin chef", "MG": "Médecin général"}
THIN = "\u202f"
SPACE = "\u00a0"


def day(value: str | None) -> str | None:
    """Return a FHIR date or dateTime as a French day, as precise as it is: 14/07/1938, 07/1938, 1938."""
    return "/".join(reversed(_local(value)[:10].split("-"))) if value else None


def moment(value: str | None) -> str | None:
    """Return a FHIR dateTime with its hour, in French time; a date stays a day."""
    if not value or "T" not in value:
        return day(value)
    local = _local(value)
    return f"{day(local)} à {local[11:13]}{SPACE}h{SPACE}{local[14:16]}"


def _local(value: str) -> str:
    """Return a dateTime on the clocks of Paris; one that no calendar has stays as it is."""
    try:
        return datetime.fromisoformat(value).astimezone(PARIS).isoformat() if "T" in value else value
    except (ValueError, OverflowError):
        return value


def period(interval: Interval | None) -> str | None:
    """Return an interval in words."""
    if interval is None or (interval.low is None and interval.high is None):
        return None
    low, high = moment(interval.low), moment(interval.high)
    if low and high:
        return low if low == high else f"du {low} au {high}"
    return f"depuis le {low}" if low else f"jusqu'au {high}"


def label(code: Code | None) -> str | None:
    """Return what a code means, for a reader: its own words, else the code."""
    return (code.text or code.display or code.code) if code else None


def sex(code: Code | None) -> str | None:
    """Return a sex in words; None when it is not known."""
    return SEXES.get(code.code or "", code.display) if code else None


def matricule(ins: II) -> str:
    """Return a matricule as it is read aloud: 2 38 07 29 019 001 94."""
    found = MATRICULE.fullmatch(ins.extension or "")
    return THIN.join(found.groups()) if found else str(ins.extension)


def person(name: Name | None) -> str | None:
    """Return a name as it is signed: Dr Claire MARTINEAU."""
    if name is None:
        return None
    title = SUFFIXES.get((name.suffix or "").upper()) or PREFIXES.get((name.prefix or "").upper(), name.prefix)
    given = name.given("CL", "BR", None)
    family = name.family("CL", None, "BR", "SP")
    return " ".join(filter(None, (title, given, family))) or name.text


def number(ii: II) -> str | None:
    """Return a national number with its name, as "RPPS 10100000017"; None for a number that only software knows."""
    kinds = {PERSONS: PERSON_NUMBERS, STRUCTURES: STRUCTURE_NUMBERS}.get(ii.root or "", {})
    extension = ii.extension or ""
    kind = kinds.get(extension[:1])
    return f"{kind}{SPACE}{extension[1:]}" if kind and extension[1:].isdigit() else None


def address_lines(address: Address) -> list[str]:
    """Return an address as on an envelope."""
    street = " ".join(filter(None, (address.part("houseNumber"), address.part("streetName"))))
    others = (address.part(name) for name in ("additionalLocator", "unitID", "postBox", "precinct"))
    town = " ".join(filter(None, (address.part("postalCode"), address.part("city"))))
    return [line for line in (*address.lines, street, *others, town, address.part("country")) if line]


def telecom(value: Telecom) -> str | None:
    """Return a number or an address without its scheme: "Tél. 01 23 45 67 89"."""
    scheme, colon, rest = (value.value or "").partition(":")
    if not colon:
        return value.value
    kind = {"tel": "Tél.", "fax": "Fax", "mailto": ""}.get(scheme.lower())
    return value.value if kind is None else f"{kind}{SPACE}{rest}".strip()


def telecoms(values: tuple[Telecom, ...]) -> str | None:
    """Return several numbers and addresses on one line."""
    return " · ".join(filter(None, map(telecom, values))) or None


def structure(organization: Organization | None) -> str | None:
    """Return a structure by its name, else its number."""
    if organization is None:
        return None
    return organization.name or next(filter(None, map(number, organization.ids)), None)
