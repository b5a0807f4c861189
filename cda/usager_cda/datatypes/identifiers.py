"""II <-> Identifier."""

from typing import NamedTuple

from usager_cda import systems
from usager_cda.building import node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.systems import FR_CORE_IDENTIFIER_TYPES, V2_IDENTIFIER_TYPES
from usager_cda.tree import Element, Node, attribute

INS_TYPES = {
    "1.2.250.1.213.1.4.8": ("official", "INS-NIR"),
    "1.2.250.1.213.1.4.9": ("temp", "INS-NIA"),
    "1.2.250.1.213.1.4.10": ("official", "INS-NIR-TEST"),
    "1.2.250.1.213.1.4.11": ("official", "INS-NIR-DEMO"),
}
TYPES = {root: (use, FR_CORE_IDENTIFIER_TYPES, code) for root, (use, code) in INS_TYPES.items()} | {
    "1.2.250.1.213.1.4.2": ("secondary", FR_CORE_IDENTIFIER_TYPES, "INS-C"),
    systems.PERSONS: ("official", FR_CORE_IDENTIFIER_TYPES, "IDNPS"),
    systems.STRUCTURES: ("official", FR_CORE_IDENTIFIER_TYPES, "IDNST"),
}
# Never an INS. FR Core keeps type NH for another system, so these two carry words only.
SOCIAL_SECURITY = ("1.2.250.1.213.1.4.13", "1.2.250.1.213.1.4.14")


class II(NamedTuple):
    """An instance identifier: a root alone, or a root with an extension."""

    root: str | None = None
    extension: str | None = None
    authority: str | None = None
    null: str | None = None

    @property
    def is_known(self) -> bool:
        """Say whether this names something."""
        return self.root is not None and self.null is None

    @property
    def names_one(self) -> bool:
        """Say whether this names one thing: the root of a national directory alone, or of a local one, does not."""
        return self.extension is not None or systems.UUID.fullmatch(self.root or "") is not None

    @property
    def is_ins(self) -> bool:
        """Say whether this is a matricule INS, test and demonstration ones included."""
        return self.root in INS_TYPES and self.extension is not None

    def __str__(self) -> str:
        """Return root^extension, as XDS writes it."""
        return f"{self.root}^{self.extension}" if self.extension else str(self.root)


def parse_ii(element: Element) -> II:
    """Return the value of an id element."""
    return II(
        root=attribute(element, "root"),
        extension=attribute(element, "extension"),
        authority=attribute(element, "assigningAuthorityName"),
        null=attribute(element, "nullFlavor"),
    )


def build_ii(tag: str, ii: II) -> Node:
    """Return an element of type II."""
    return node(tag, root=ii.root, extension=ii.extension, assigningAuthorityName=ii.authority, nullFlavor=ii.null)


def uri_pair(ii: II) -> tuple[str, str]:
    """Return the FHIR system and value of an II."""
    uri = systems.uri_of(ii.root or "")
    return (uri, ii.extension) if ii.extension else (systems.URIS, uri)


def identifier_from_ii(ii: II, *, kind: str | None = None) -> Tree:
    """Return the Identifier; its type is that of its root, else the v2-0203 code given as kind (PI, VN ...)."""
    system, value = uri_pair(ii)
    use, type_system, code = TYPES.get(ii.root or "", ("usual" if kind == "PI" else None, V2_IDENTIFIER_TYPES, kind))
    known_type: Tree | None = {"coding": [{"system": type_system, "code": code}]} if code else None
    if ii.root in SOCIAL_SECURITY:
        use, known_type = "secondary", {"text": "Numéro de sécurité sociale"}
    assigner = {"display": ii.authority} if ii.authority else None
    return filled({"use": use, "type": known_type, "system": system, "value": value, "assigner": assigner})


def ii_from_identifier(identifier: Tree) -> II | None:
    """Return the II of an Identifier, or None when its system has no OID or UUID."""
    system, value = identifier.get("system"), identifier.get("value")
    if not system or not value:
        return None
    authority = identifier.get("assigner", {}).get("display")
    if system == systems.URIS:
        root = systems.root_of(value)
        return II(root, authority=authority) if root else None
    root = systems.root_of(system)
    return II(root, value, authority) if root else None
