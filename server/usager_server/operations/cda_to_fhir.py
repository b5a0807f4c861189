"""$cda-to-fhir: a CDA document as the resources it tells of; nothing is stored."""

import asyncio

from usager_server.documents.conversion import CDA_TYPES, bundle_from_document
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.cda_input import DOCUMENT, document_of
from usager_server.operations.definition import operation_definition, parameter


async def convert(session: Session, request: OperationRequest) -> Reply:
    """Return the transaction Bundle of a document; what was odd in it is told in the entry of its DocumentReference.

    Errors  Invalid (400), TooLarge (413), Unprocessable (422) with the line, the XPath and what was expected.
    """
    return Reply(resource=await asyncio.to_thread(bundle_from_document, document_of(request)))


cda_to_fhir = Operation(
    operation_definition(
        "cda-to-fhir",
        "Reads any CI-SIS CDA document into a transaction Bundle: Patient, Organization, Practitioner, "
        "PractitionerRole, Device, RelatedPerson, Encounter, a Composition with the resources of a structured body, "
        "DocumentReference, and the document itself as a Binary. "
        "Nothing is stored; the Bundle can be posted to this server or another, twice without creating anything twice.",
        levels=["system"],
        parameters=[
            DOCUMENT,
            parameter("return", "Bundle", "The transaction that would file the document", use="out", least=1),
        ],
    ),
    convert,
    accepts=CDA_TYPES,
    needs={},
)
