"""TEL <-> ContactPoint."""

from typing import NamedTuple

from usager_cda.building import node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled, put_extension, value_of
from usager_cda.datatypes.nulls import nothing, null_of
from usager_cda.datatypes.places import CDA_USE
from usager_cda.systems import FR_CORE_EXTENSIONS
from usager_cda.tree import Element, Node, attribute

SYSTEMS = {"tel": "phone", "fax": "fax", "mailto": "email"}
SCHEMES = {system: scheme for scheme, system in SYSTEMS.items()} | {"sms": "tel", "pager": "tel"}
USES = {"H": "home", "WP": "work", "MC": "mobile", "TMP": "temp"}
FROM_USES = {fhir: cda for cda, fhir in USES.items()}
NEAREST_USES = {"HP": "home", "HV": "home", "DIR": "work", "PUB": "work"}
MAIL_TYPE = f"{FR_CORE_EXTENSIONS}/fr-core-contact-point-email-type"
MAIL_TYPES = "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"


class Telecom(NamedTuple):
    """A telephone number, mail address or URL: value with its scheme (tel:, mailto: ...)."""

    value: str | None = None
    use: str | None = None
    null: str | None = None


def parse_telecom(element: Element) -> Telecom:
    """Return the value of a telecom element."""
    return Telecom(attribute(element, "value"), attribute(element, "use"), attribute(element, "nullFlavor"))


def build_telecom(telecom: Telecom) -> Node:
    """Return a telecom element: a value, or a nullFlavor, never both."""
    null = None if telecom.value else telecom.null or "UNK"
    return node("telecom", value=telecom.value, use=telecom.use if telecom.value else None, nullFlavor=null)


def contact_point(telecom: Telecom) -> Tree:
    """Return the ContactPoint; one that is absent says why, in place of its system and its value."""
    if telecom.value is None:
        return {"_system": nothing(telecom.null), "_value": nothing(telecom.null)}
    scheme, colon, rest = telecom.value.partition(":")
    system = SYSTEMS.get(scheme.lower()) if colon else "phone"
    value = (rest if colon else telecom.value) if system else telecom.value
    use = USES.get(telecom.use or "") or NEAREST_USES.get(telecom.use or "")
    made = filled({"system": system or "url", "value": value.strip() or telecom.value, "use": use})
    if value.lower().endswith("mssante.fr") and system == "email":
        put_extension(made, MAIL_TYPE, valueCoding={"system": MAIL_TYPES, "code": "MSSANTE"})
    if telecom.use and telecom.use not in USES:
        put_extension(made, CDA_USE, valueCode=telecom.use)
    return made


def telecom_from_contact(contact: Tree) -> Telecom:
    """Return the telecom of a ContactPoint."""
    value = contact.get("value")
    if not value:
        return Telecom(null=null_of(contact.get("_value") or contact.get("_system") or {}) or "UNK")
    scheme = SCHEMES.get(contact.get("system", ""))
    use = value_of(contact, CDA_USE, "valueCode") or FROM_USES.get(contact.get("use", ""))
    return Telecom(f"{scheme}:{value}" if scheme else value, use)
