"""$fhir-to-cda: a document in FHIR as a CDA document, N3 or N1 around its file; nothing is stored."""

import asyncio
import base64
from typing import Any

from usager_server.documents.conversion import CDA_TYPES, document_from_bundle, references_needed
from usager_server.errors import Invalid
from usager_server.interactions.checks import check_resource
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given
from usager_server.operations.stored_resources import read_resources

# A document refers to roles, roles to people and structures, structures to nothing we need.
ROUNDS = 4


async def convert(session: Session, request: OperationRequest) -> Reply:
    """Return the document: XML, or a Binary when the caller accepts FHIR only.

    Shape   what the Bundle refers to and does not hold is read from the store.
    Errors  Invalid (400); Unprocessable (422) with one issue for each thing that lacks, its FHIRPath in expression.
    """
    bundle = _bundle_of(request)
    await check_resource(session, bundle, "Bundle")
    others = await _read_missing(session, bundle)
    written = await asyncio.to_thread(document_from_bundle, bundle, others, session.base_url)
    for media_type in CDA_TYPES:
        if request.prefers_raw(media_type):
            return Reply(content=written, content_type=f"{media_type}; charset=utf-8")
    data = base64.b64encode(written).decode("ascii")
    return Reply(resource={"resourceType": "Binary", "contentType": "text/xml", "data": data})


def _bundle_of(request: OperationRequest) -> dict[str, Any]:
    resource = given(request, "resource")
    if not isinstance(resource, dict):
        text = "A Bundle is expected: as the body, or as a parameter named resource"
        raise Invalid(text, "Parameters.parameter", code="required")
    if resource.get("resourceType") == "DocumentReference":
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    if resource.get("resourceType") != "Bundle":
        text = f"The resource is a {resource.get('resourceType')}; expected a Bundle or a DocumentReference"
        raise Invalid(text, "Parameters.parameter.where(name = 'resource')", code="value")
    return resource


async def _read_missing(session: Session, bundle: dict[str, Any]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for _ in range(ROUNDS):
        missing = references_needed(bundle, found.values(), session.base_url) - found.keys()
        if not missing:
            break
        for reference, resource in (await read_resources(session, missing)).items():
            found[reference] = resource
    return list(found.values())


fhir_to_cda = Operation(
    operation_definition(
        "fhir-to-cda",
        "Writes a CI-SIS CDA document: N3 when the Bundle holds a Composition of a known model, else N1 around a file "
        "(PDF, plain text, RTF, JPEG, TIFF) of its DocumentReference or Composition. It may refer to resources of this "
        "server. Nothing is stored. With Accept: application/xml the answer is the document, else a Binary.",
        levels=["system"],
        parameters=[
            parameter("resource", "Bundle", "The document and the resources it refers to", least=1),
            parameter("return", "Binary", "The CDA document", use="out", least=1),
        ],
    ),
    convert,
    needs={},
)
