"""AD <-> Address. Parts of a street line are kept by the standard ADXP extensions, the COG by the FR Core one."""

from typing import NamedTuple

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extension_of, filled, put_extension, value_of
from usager_cda.datatypes.nulls import nothing, null_of
from usager_cda.systems import EXTENSIONS, FR_CORE_EXTENSIONS
from usager_cda.tree import HL7, Element, Node, attribute, elements, text_of

ADXP = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-"
INSEE = f"{FR_CORE_EXTENSIONS}/fr-core-address-insee-code"
COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
COUNTRIES = "https://mos.esante.gouv.fr/NOS/TRE_R20-Pays/FHIR/TRE-R20-Pays"
CDA_USE = f"{EXTENSIONS}/cda-use"

# The parts that share the street line, then those that have a line of their own, in the order of an envelope.
STREET = ("houseNumber", "streetName")
LINES = ("additionalLocator", "unitID", "postBox", "precinct")
PLAIN = {"postalCode": "postalCode", "city": "city", "state": "state", "country": "country"}
PARTS = {HL7 + name: name for name in (*STREET, *LINES, *PLAIN, "county")}
USES = {"H": "home", "WP": "work", "TMP": "temp"}
FROM_USES = {fhir: cda for cda, fhir in USES.items()}
NEAREST_USES = {"HP": "home", "HV": "temp"}


class Address(NamedTuple):
    """A postal address: named parts, or free lines (streetAddressLine). null says why there is none."""

    parts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    use: str | None = None
    null: str | None = None

    def part(self, name: str) -> str | None:
        """Return one part, or None."""
        return next((text for tag, text in self.parts if tag == name), None)


def parse_address(element: Element) -> Address:
    """Return the value of an addr element."""
    found = [(PARTS.get(part.tag), text_of(part)) for part in elements(element)]
    parts = tuple((name, text) for name, text in found if name and text)
    lines = tuple(text for name, text in found if not name and text)
    if not found and text_of(element):
        lines = (str(text_of(element)),)
    return Address(parts, lines, attribute(element, "use"), attribute(element, "nullFlavor"))


def build_address(address: Address) -> Node:
    """Return an addr element."""
    if not address.parts and not address.lines:
        return node("addr", nullFlavor=address.null or "UNK", use=address.use)
    made = node("addr", use=address.use)
    parts = [node(tag, text) for tag, text in address.parts]
    return add(made, *(node("streetAddressLine", line) for line in address.lines), *parts)


def fhir_address(address: Address) -> Tree:
    """Return the Address."""
    lines, extensions = _lines(address)
    made = filled(
        {
            "use": USES.get(address.use or "") or NEAREST_USES.get(address.use or ""),
            "line": lines,
            "_line": extensions if any(extensions) else None,
            **{fhir: address.part(tag) for tag, fhir in PLAIN.items()},
        }
    )
    county = address.part("county")
    if county:
        put_extension(made, INSEE, valueCoding=insee_coding(county))
    if address.use and address.use not in USES:
        put_extension(made, CDA_USE, valueCode=address.use)
    return made if made else nothing(address.null)


def insee_coding(code: str) -> Tree:
    """Return the Coding of a place in the Code officiel géographique: 99xxx is a country."""
    return {"system": COUNTRIES if code.startswith("99") else COMMUNES, "code": code}


def _lines(address: Address) -> tuple[list[str], list[Tree | None]]:
    lines: list[str] = list(address.lines)
    extensions: list[Tree | None] = [None] * len(lines)
    for tags in (STREET, *((tag,) for tag in LINES)):
        parts = [(tag, text) for tag in tags if (text := address.part(tag))]
        if parts:
            lines.append(" ".join(text for _, text in parts))
            extensions.append({"extension": [{"url": ADXP + tag, "valueString": text} for tag, text in parts]})
    return lines, extensions


def address_from_fhir(tree: Tree) -> Address:
    """Return the address of a FHIR Address; lines without part names become parts when there is a city beside them."""
    insee = value_of(tree, INSEE, "valueCoding") or {}
    plain = [(tag, tree[fhir]) for tag, fhir in PLAIN.items() if tree.get(fhir)]
    county = [("county", insee["code"])] if insee.get("code") else []
    street, free = _street_parts(tree)
    if free and plain:
        street, free = [*street, *_named(free, street)], []
    use = value_of(tree, CDA_USE, "valueCode") or FROM_USES.get(tree.get("use", ""))
    return Address((*street, *plain, *county), tuple(free[:7]), use, null_of(tree))


def _street_parts(tree: Tree) -> tuple[list[tuple[str, str]], list[str]]:
    parts: list[tuple[str, str]] = []
    free: list[str] = []
    lines, extended = tree.get("line", ()), tree.get("_line", ())
    for rank, line in enumerate(lines):
        extension = (extended[rank] if rank < len(extended) else None) or {}
        named = [(tag, value_of(extension, ADXP + tag, "valueString")) for tag in (*STREET, *LINES)]
        found = [(tag, text) for tag, text in named if text]
        parts.extend(found)
        free.extend([] if found or not line else [line])
    return parts, free


def _named(lines: list[str], taken: list[tuple[str, str]]) -> list[tuple[str, str]]:
    used = {tag for tag, _ in taken}
    open_parts = [tag for tag in ("streetName", *LINES) if tag not in used]
    named = list(zip(open_parts, lines, strict=False))
    if len(lines) > len(named) and named:
        tag, text = named[-1]
        named[-1] = (tag, " ".join((text, *lines[len(named) :])))
    return named


def is_insee(tree: Tree) -> bool:
    """Say whether a FHIR Address carries a COG code."""
    return extension_of(tree, INSEE) is not None
