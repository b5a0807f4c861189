"""The identity a document is issued under: the same content keeps its id, any change is the next version of its set."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_cda.datatypes.identifiers import II, ii_from_identifier, uri_pair
from usager_cda.fhir.assembly import oid_of
from usager_cda.fhir.composition import COMPOSITION_VERSION, set_of
from usager_cda.fhir.document_reference import set_identifier
from usager_cda.systems import DOCUMENT_SETS
from usager_server.documents.editions import edition_of, token
from usager_server.jsontext import build_json

Resource = dict[str, Any]

OF_THE_STORE = ("versionId", "lastUpdated")


@dataclass(frozen=True, slots=True)
class Issued:
    """The identity of one version of a document.

    Shape   same is the DocumentReference it has already, when nothing changed since; former the one it replaces.
    """

    id: II
    set: II
    version: int
    same: Resource | None = None
    former: Resource | None = None


def own_set(composition: Resource) -> tuple[str, str] | None:
    """Return the search (name, value) that finds the versions of a Composition by its identifier; None without one."""
    found = set_of(composition)
    return ("identifier", token(set_identifier(found))) if found else None


def issue(resources: Sequence[Resource], known: Sequence[Resource], extra: bytes = b"") -> Issued:
    """Return the identity of a document made of these resources, its Composition first.

    Shape   known are the DocumentReferences of its versions; extra is what else it is made of (a PDF of the caller).
    Source  cda.md 5.1: a new id for each version, a constant setId, versions 1, 2, 3.
    """
    composition, content = resources[0], fingerprint(resources, extra)
    in_force = [each for each in known if each.get("status") != "entered-in-error"]
    latest = max(in_force, key=_version, default=None)
    named = set_of(composition) or next((found for each in known if (found := _set(each))), None)
    set_id = named or oid_of("set", str(composition.get("id")), content)
    if latest is not None and _is(latest, _id(set_id, _version(latest), content)):
        return Issued(_id(set_id, _version(latest), content), set_id, _version(latest), same=latest)
    version = max(map(_version, known), default=_declared(composition) - 1) + 1
    return Issued(_id(set_id, version, content), set_id, version, former=latest)


def fingerprint(resources: Sequence[Resource], extra: bytes = b"") -> str:
    """Return what is the same for the same content, whenever it was stored."""
    texts = [build_json({**each, "meta": _lasting(each.get("meta") or {})}) for each in resources]
    return hashlib.sha256(b"\0".join((*texts, extra))).hexdigest()


def document_bundle(entries: Sequence[tuple[str, Resource]], issued: Issued, timestamp: str) -> Resource:
    """Return the document Bundle: its id is that of the document, its Composition says its set and version.

    Shape   entries are (fullUrl, resource), the Composition first.
    Source  FHIR R4 documents.html; cda.md 6.2.
    """
    (full_url, composition), *others = entries
    system, value = uri_pair(issued.id)
    first = {"fullUrl": full_url, "resource": _issued(composition, issued)}
    return {
        "resourceType": "Bundle",
        "identifier": {"system": system, "value": value},
        "type": "document",
        "timestamp": timestamp,
        "entry": [first, *({"fullUrl": url, "resource": resource} for url, resource in others)],
    }


def _issued(composition: Resource, issued: Issued) -> Resource:
    made = dict(composition)
    if set_of(composition) is None:
        system, value = uri_pair(issued.set)
        made["identifier"] = {"system": system, "value": value}
    others = [each for each in made.get("extension", ()) if each.get("url") != COMPOSITION_VERSION]
    made["extension"] = [*others, {"url": COMPOSITION_VERSION, "valueString": str(issued.version)}]
    target = (issued.former or {}).get("masterIdentifier")
    if target:
        kept = [each for each in made.get("relatesTo", ()) if each.get("code") != "replaces"]
        made["relatesTo"] = [*kept, {"code": "replaces", "targetIdentifier": target}]
    return made


def _id(set_id: II, version: int, content: str) -> II:
    return oid_of("document", str(set_id), str(version), content)


def _is(document: Resource, known: II) -> bool:
    return document.get("status") == "current" and ii_from_identifier(document.get("masterIdentifier") or {}) == known


def _version(document: Mapping[str, Any]) -> int:
    return edition_of(document).version


def _declared(composition: Resource) -> int:
    """Return the version that a Composition says it is, 1 by default."""
    told = (
        each.get("valueString", "") for each in composition.get("extension", ()) if each["url"] == COMPOSITION_VERSION
    )
    text = next(told, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 else 1


def _set(document: Resource) -> II | None:
    for each in document.get("identifier", ()):
        if each.get("system") == DOCUMENT_SETS:
            root, caret, extension = str(each.get("value")).partition("^")
            return II(root, extension if caret else None)
    return None


def _lasting(meta: Mapping[str, Any]) -> Resource:
    return {name: value for name, value in meta.items() if name not in OF_THE_STORE}
