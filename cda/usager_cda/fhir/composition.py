"""Composition <-> the DocumentReference that says the same of a document: one way to a header."""

from collections.abc import Iterator

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extensions_of, filled, put_extension, value_of
from usager_cda.datatypes.identifiers import II, ii_from_identifier, uri_pair
from usager_cda.datatypes.nulls import nothing
from usager_cda.fhir import names
from usager_cda.fhir.assembly import oid_of
from usager_cda.fhir.document_reference import set_identifier
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.systems import V3

COMPOSITION_VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Composition.version"

CONFIDENTIALITIES = frozenset({"U", "L", "M", "N", "R", "V"})
UNTITLED = "Document sans titre"


def document_of_composition(bundle: Tree, composition: Tree, resolver: Resolver) -> Tree:
    """Return the DocumentReference of a document Bundle: its file is what a section's entry leads to.

    Source  BMC, FRHeaderDocumentLMCDAFHIR (cda.md 6.2).
    """
    event: Tree = next(iter(composition.get("event", ())), {})
    legal = _attester(composition, "legal")
    document = filled(
        {
            "resourceType": "DocumentReference",
            "contained": composition.get("contained"),
            "masterIdentifier": bundle.get("identifier"),
            "identifier": _set(composition),
            "type": composition.get("type"),
            "subject": composition.get("subject"),
            "date": composition.get("date"),
            "author": composition.get("author"),
            "authenticator": legal.get("party"),
            "custodian": composition.get("custodian"),
            "relatesTo": _relations(composition),
            "securityLabel": _confidentiality(composition),
            "content": [{"attachment": _attachment(composition, resolver)}],
            "context": filled(
                {
                    "encounter": [composition["encounter"]] if composition.get("encounter") else None,
                    "event": event.get("code"),
                    "period": event.get("period"),
                }
            ),
        }
    )
    put_extension(document, names.VERSION, valueString=value_of(composition, COMPOSITION_VERSION, "valueString"))
    told = [each for url in (names.PARTICIPATION, names.ACT) for each in extensions_of(composition, url)]
    if told:
        document.setdefault("extension", []).extend(told)
    _attest(document, "legalAuthenticator", legal)
    _attest(document, "authenticator", _attester(composition, "professional"))
    return _with_setting(document, resolver)


def composition_of_document(document: Tree, header: Header, source: str, sections: list[Tree]) -> Tree:
    """Return the Composition of a document that was read.

    Shape   what its header says in FHIR's own elements; the DocumentReference says the rest. source names this version.
    """
    made = filled(
        {
            "resourceType": "Composition",
            "meta": {"source": source},
            "language": header.language,
            "extension": _version(header),
            "identifier": _bare_identifier(header.set_id or header.id),
            "status": document.get("docStatus") or "final",
            "type": document.get("type") or {"text": header.title or UNTITLED},
            "category": document.get("category"),
            "subject": document.get("subject"),
            "encounter": next(iter(document.get("context", {}).get("encounter", ())), None),
            "date": document.get("date"),
            "author": document.get("author") or [{"display": "Auteur non précisé"}],
            "title": header.title or UNTITLED,
            "confidentiality": _confidentiality_code(header),
            "attester": list(_attesters(document)),
            "custodian": document.get("custodian"),
            "relatesTo": [_composition_relation(each) for each in document.get("relatesTo", ())],
            "event": _events(document),
            "section": sections,
        }
    )
    if "date" not in made:
        made["_date"] = nothing("UNK")
    return made


def _version(header: Header) -> list[Tree]:
    return [{"url": COMPOSITION_VERSION, "valueString": str(header.version)}] if header.version else []


def _bare_identifier(ii: II) -> Tree:
    system, value = uri_pair(ii)
    return {"system": system, "value": value}


def _confidentiality_code(header: Header) -> str | None:
    code = header.confidentiality.code if header.confidentiality else None
    return code if code in CONFIDENTIALITIES else None


def _attesters(document: Tree) -> Iterator[Tree]:
    """Yield the legal authenticator, then those who signed beside."""
    for role, mode in (("legalAuthenticator", "legal"), ("authenticator", "professional")):
        for extension in extensions_of(document, names.PARTICIPATION):
            if value_of(extension, "role", "valueCode") == role:
                party, time = (
                    value_of(extension, "party", "valueReference"),
                    value_of(extension, "time", "valueDateTime"),
                )
                yield filled({"mode": mode, "time": time, "party": party})


def _composition_relation(relation: Tree) -> Tree:
    return {"code": relation["code"], "targetIdentifier": relation["target"]["identifier"]}


def _events(document: Tree) -> list[Tree]:
    context = document.get("context") or {}
    event = filled({"code": context.get("event"), "period": context.get("period")})
    return [event] if event else []


def _attester(composition: Tree, mode: str) -> Tree:
    return next((each for each in composition.get("attester", ()) if each.get("mode") == mode), {})


def _attest(document: Tree, role: str, attester: Tree) -> None:
    if attester.get("party"):
        inner: Tree = {}
        put_extension(inner, "role", valueCode=role)
        put_extension(inner, "time", valueDateTime=attester.get("time"))
        put_extension(inner, "party", valueReference=attester["party"])
        document.setdefault("extension", []).append({"url": names.PARTICIPATION, **inner})


def set_of(composition: Tree) -> II | None:
    """Return the identifier of all versions of a Composition: its own, or an OID made of one that has no OID."""
    identifier = composition.get("identifier") or {}
    known = ii_from_identifier(identifier)
    if known is not None or not identifier.get("value"):
        return known
    return oid_of("set", str(identifier.get("system")), str(identifier["value"]))


def _set(composition: Tree) -> list[Tree] | None:
    set_id = set_of(composition)
    return [set_identifier(set_id)] if set_id else None


def _relations(composition: Tree) -> list[Tree]:
    found = (
        (each.get("code"), each.get("targetReference"), each.get("targetIdentifier"))
        for each in composition.get("relatesTo", ())
    )
    return [{"code": code, "target": reference or {"identifier": identifier}} for code, reference, identifier in found]


def _confidentiality(composition: Tree) -> list[Tree] | None:
    code = composition.get("confidentiality")
    return [{"coding": [{"system": f"{V3}Confidentiality", "code": code}]}] if code else None


def _attachment(composition: Tree, resolver: Resolver) -> Tree:
    """Return the attachment of the first section entry that is a file."""
    title = {"title": composition.get("title"), "language": composition.get("language")}
    for section in composition.get("section", ()):
        for reference in section.get("entry", ()):
            found = resolver.find(reference, composition) or {}
            if found.get("resourceType") == "Binary":
                return filled({**title, "contentType": found.get("contentType"), "data": found.get("data")})
            if found.get("resourceType") == "DocumentReference":
                content: Tree = next(iter(found.get("content", ())), {})
                attachment = content.get("attachment") or {}
                return filled({**attachment, **filled(title)})
    return filled(title)


def _with_setting(document: Tree, resolver: Resolver) -> Tree:
    """A Composition says neither facility nor practice setting: its Encounter's place and its custodian may."""
    encounter = resolver.find(next(iter(document.get("context", {}).get("encounter", ())), None), document) or {}
    for each in encounter.get("location", ()):
        place = resolver.find(each.get("location"), encounter) or {}
        if place.get("type"):
            document["context"]["facilityType"] = place["type"][0]
    return document
