"""METADATA.XML -> the entries it holds. Tolerant: what is missing is missing; only what is no XML is refused."""

from collections.abc import Iterator
from dataclasses import dataclass

from usager_cda.safety import Limits, parse_xml
from usager_cda.tree import Element
from usager_cda.xdm.names import DOCUMENT_ENTRY, ENTRY_PATIENT_ID, ENTRY_SCHEMES, ENTRY_UNIQUE_ID, REPLACES, RIM

STATUSES = {"Approved": "current", "Deprecated": "superseded", "Deleted": "deleted", "Archived": "archived"}
LIMITS = Limits(size_bytes=5 * 1024 * 1024, nodes=50_000)


@dataclass(frozen=True, slots=True)
class Entry:
    """One DocumentEntry.

    Shape   status is current, superseded, deleted or archived; replaces holds what RPLC associations aim at; hash is
            the SHA-1 in hexadecimal, lower case.
    """

    id: str
    uri: str | None = None
    unique_id: str | None = None
    patient_id: str | None = None
    title: str | None = None
    media_type: str | None = None
    type_code: str | None = None
    hash: str | None = None
    size_bytes: int | None = None
    status: str | None = None
    replaces: tuple[str, ...] = ()


def entries_of(metadata: bytes) -> list[Entry]:
    """Return the entries. Errors: UnreadableXML, TooLargeXML."""
    root = parse_xml(metadata, LIMITS)
    replaced: dict[str, list[str]] = {}
    for association in root.iter(f"{RIM}Association"):
        if (association.get("associationType") or "").endswith(REPLACES.rpartition(":")[2]):
            replaced.setdefault(association.get("sourceObject", ""), []).append(association.get("targetObject", ""))
    return [_entry(each, replaced) for each in _documents(root)]


def _documents(root: Element) -> Iterator[Element]:
    return (each for each in root.iter(f"{RIM}ExtrinsicObject") if each.get("objectType") in (DOCUMENT_ENTRY, None))


def _entry(element: Element, replaced: dict[str, list[str]]) -> Entry:
    key = element.get("id", "")
    size = _slot(element, "size")
    digest = _slot(element, "hash")
    name = element.find(f"{RIM}Name/{RIM}LocalizedString")
    return Entry(
        id=key,
        uri=_uri(element),
        unique_id=_identifier(element, ENTRY_UNIQUE_ID),
        patient_id=_identifier(element, ENTRY_PATIENT_ID),
        title=None if name is None else name.get("value"),
        media_type=element.get("mimeType"),
        type_code=_code(element, ENTRY_SCHEMES["typeCode"]),
        hash=digest.lower() if digest else None,
        size_bytes=int(size) if size and size.isdecimal() and len(size) < 12 else None,
        status=STATUSES.get((element.get("status") or "").rpartition(":")[2]),
        replaces=tuple(replaced.get(key, ())),
    )


def _uri(element: Element) -> str | None:
    """Return the name of the file; a long one may come in numbered pieces ("1|IHE_XDM/", "2|DOC.XML")."""
    pieces = _values(element, "URI")
    numbered = [piece.partition("|") for piece in pieces]
    if len(pieces) > 1 and all(bar and number.isdecimal() and len(number) < 4 for number, bar, _ in numbered):
        return "".join(text for _, _, text in sorted(numbered, key=lambda each: int(each[0])))
    return pieces[0] if pieces else None


def _slot(element: Element, name: str) -> str | None:
    return next(iter(_values(element, name)), None)


def _values(element: Element, name: str) -> list[str]:
    slots = (slot for slot in element.iterchildren(f"{RIM}Slot") if slot.get("name") == name)
    return [(value.text or "").strip() for slot in slots for value in slot.iter(f"{RIM}Value")]


def _identifier(element: Element, scheme: str) -> str | None:
    found = element.iterchildren(f"{RIM}ExternalIdentifier")
    return next((each.get("value") for each in found if each.get("identificationScheme") == scheme), None)


def _code(element: Element, scheme: str) -> str | None:
    found = element.iterchildren(f"{RIM}Classification")
    return next((each.get("nodeRepresentation") for each in found if each.get("classificationScheme") == scheme), None)
