"""Composition (a FHIR document Bundle) -> the DocumentReference that says the same: one way to a header."""

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled, put_extension, value_of
from usager_cda.datatypes.identifiers import ii_from_identifier
from usager_cda.fhir import names
from usager_cda.fhir.document_reference import set_identifier
from usager_cda.fhir.resolver import Resolver
from usager_cda.systems import V3

COMPOSITION_VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Composition.version"


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
    _attest(document, "legalAuthenticator", legal)
    _attest(document, "authenticator", _attester(composition, "professional"))
    return _with_setting(document, resolver)


def _attester(composition: Tree, mode: str) -> Tree:
    return next((each for each in composition.get("attester", ()) if each.get("mode") == mode), {})


def _attest(document: Tree, role: str, attester: Tree) -> None:
    if attester.get("party"):
        inner: Tree = {}
        put_extension(inner, "role", valueCode=role)
        put_extension(inner, "time", valueDateTime=attester.get("time"))
        put_extension(inner, "party", valueReference=attester["party"])
        document.setdefault("extension", []).append({"url": names.PARTICIPATION, **inner})


def _set(composition: Tree) -> list[Tree] | None:
    set_id = ii_from_identifier(composition.get("identifier") or {})
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
