"""A document that was written here -> its line of metadata: one DocumentReference for the CDA and its PDF."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extensions_of, filled, value_of
from usager_cda.fhir import names
from usager_cda.fhir.composition import document_of_composition
from usager_cda.fhir.document_reference import document_reference
from usager_cda.fhir.parties import party_of
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header, Party
from usager_cda.render.files import PDF

STATED = (
    *("identifier", "name", "telecom", "gender", "_gender", "birthDate", "_birthDate", "address", "deceasedBoolean"),
    *("deceasedDateTime", "multipleBirthBoolean", "multipleBirthInteger"),
)


@dataclass(frozen=True, slots=True)
class FiledFile:
    """The bytes of one form of a document, and where they are kept."""

    data: bytes
    url: str


def document_reference_of(bundle: Tree, header: Header, cda: FiledFile, pdf: FiledFile) -> Tree:
    """Return the DocumentReference of a document that was written from a Bundle.

    Shape   header is the one that was written; people and structures are the resources of the Bundle. The CDA is the
            first content, its PDF the second; the Composition is in context.related; the person as the document states
            it is contained (XDS sourcePatientInfo).
    """
    entries = [entry for entry in bundle.get("entry", ()) if entry.get("resource")]
    resolver = Resolver((entry.get("fullUrl"), entry["resource"]) for entry in entries)
    composition: Tree = entries[0]["resource"]
    told = document_of_composition(bundle, composition, resolver)
    parties = dict(_parties(told, resolver))
    patient = resolver.find(told.get("subject"), told) or {}
    made = document_reference(
        header, cda.data, cda.url, told.get("subject") or {}, _stated(patient), lambda party: parties.get(_plain(party))
    )
    made["contained"] = [*told.get("contained", ()), *made["contained"]]
    made["docStatus"] = composition.get("status")
    made |= filled({name: told.get(name) for name in ("authenticator", "custodian")})
    made["content"].append(_copy(made["content"][0], pdf))
    made["context"] |= filled({"encounter": (told.get("context") or {}).get("encounter")})
    related = {"reference": f"Composition/{composition['id']}"}
    made["context"]["related"] = [related, *made["context"].get("related", ())]
    return made


def _parties(document: Tree, resolver: Resolver) -> Iterator[tuple[Party, Tree]]:
    """Yield who takes part in a document, with the Reference that leads there."""
    participations = (
        value_of(each, "party", "valueReference") for each in extensions_of(document, names.PARTICIPATION)
    )
    for reference in (*document.get("author", ()), document.get("authenticator"), *participations):
        party = party_of(resolver, reference, document)
        if party is not None and reference is not None:
            yield _plain(party), reference


def _plain(party: Party) -> Party:
    """Return a party without what one participation of it says: its class, the practice setting of its structure."""
    organization = replace(party.organization, industry=None) if party.organization else None
    return replace(party, organization=organization, class_code=None)


def _stated(patient: Tree) -> Tree:
    extensions = [each for each in patient.get("extension", ()) if each.get("url") != names.RELIABILITY]
    told = {name: patient[name] for name in STATED if name in patient}
    return filled({"resourceType": "Patient", "extension": extensions, **told})


def _copy(content: Tree, pdf: FiledFile) -> Tree:
    """Return the content that is the PDF of a document: all that the document says of itself, other bytes."""
    digest = hashlib.sha1(pdf.data, usedforsecurity=False).digest()
    other = {
        "contentType": PDF,
        "url": pdf.url,
        "size": len(pdf.data),
        "hash": base64.b64encode(digest).decode("ascii"),
    }
    return {**content, "attachment": {**content["attachment"], **other}}
