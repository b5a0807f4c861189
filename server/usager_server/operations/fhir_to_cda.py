"""$fhir-to-cda: a document in FHIR as a CDA document, N3 or N1 around its file; nothing is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from usager_server.documents.conversion import references_needed
from usager_server.errors import Invalid, Issue, Unavailable, Unprocessable
from usager_server.interactions.checks import check_resource
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.document_answers import CDA, answer, given_pdf, press
from usager_server.operations.parameters import flag_of, given
from usager_server.operations.stored_resources import read_resources

# A document refers to roles, roles to people and structures, structures to nothing we need.
ROUNDS = 4

Resource = dict[str, Any]
Made = tuple[bytes, Sequence[Issue]]


async def convert(session: Session, request: OperationRequest) -> Reply:
    """Return the document: XML, or Parameters with a Binary and the remarks when the caller accepts FHIR only.

    Shape   what the Bundle refers to and does not hold is read from the store. What can be printed carries its PDF:
            by default when this machine prints, always with copy=true, never with copy=false.
    Errors  Invalid (400); Unprocessable (422) with one issue for each thing that lacks, its FHIRPath in expression;
            Unavailable (503) for copy=true on a machine that cannot print.
    """
    bundle = _bundle_of(request)
    copies, pdf = flag_of(request, "copy"), given_pdf(request)
    await check_resource(session, bundle, "Bundle")
    bundle = {**bundle, "entry": [_leaving_entry(each) for each in bundle.get("entry", ())]}
    others = [_leaving(each) for each in await _read_missing(session, bundle)]
    written, issues = await _written(session, bundle, others, copies, pdf)
    return answer(request, CDA, written, issues, {})


async def _written(
    session: Session, bundle: Resource, others: list[Resource], copies: bool | None, pdf: bytes | None
) -> Made:
    from usager_server.documents.production.making import GIVEN_PDF, is_printable, produce, write

    plainly, writes_vsm = (bundle, others, session.base_url), session.house.settings.cda_vsm
    printable = await asyncio.to_thread(is_printable, *plainly)
    if pdf is not None and not printable:
        text = "There is no Composition that this PDF would be the copy of; a DocumentReference has its own content"
        raise Unprocessable(text, GIVEN_PDF, code="business-rule")
    if not printable or (copies is False and pdf is None):
        return await asyncio.to_thread(write, *plainly, writes_vsm=writes_vsm)
    try:
        async with press:
            made = await asyncio.to_thread(produce, *plainly, writes_vsm=writes_vsm, pdf=pdf)
    except Unavailable as error:
        if copies:
            raise
        data, issues = await asyncio.to_thread(write, *plainly, writes_vsm=writes_vsm)
        return data, [*issues, *(replace(issue, severity="warning") for issue in error.issues)]
    return made.cda, made.issues


def _bundle_of(request: OperationRequest) -> Resource:
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


def _leaving_entry(entry: Resource) -> Resource:
    return {**entry, "resource": _leaving(entry["resource"])} if "resource" in entry else entry


def _leaving(resource: Resource) -> Resource:
    """Return a resource as a document carries it: the matricule of a person leaves when the identity is qualified."""
    from usager_server.identity.diffusion import leaving

    return leaving(resource) if resource["resourceType"] == "Patient" else resource


async def _read_missing(session: Session, bundle: Resource) -> list[Resource]:
    found: dict[str, Resource] = {}
    for _ in range(ROUNDS):
        missing = references_needed(bundle, found.values(), session.base_url) - found.keys()
        if not missing:
            break
        found |= await read_resources(session, missing)
    return list(found.values())


fhir_to_cda = Operation(
    operation_definition(
        "fhir-to-cda",
        "Writes a CI-SIS CDA document: N3 when the Bundle holds a Composition of a known model, with its PDF/A-1b "
        "inside when the model takes one; else N1, around a file (PDF, plain text, RTF, JPEG, TIFF) of its "
        "DocumentReference or Composition, or around the print of the Composition. It may refer to resources of this "
        "server. Nothing is stored. With Accept: application/xml the answer is the document, else Parameters.",
        levels=["system"],
        parameters=[
            parameter("resource", "Bundle", "The document and the resources it refers to", least=1),
            parameter("copy", "boolean", "Whether a Composition carries its PDF; by default where one can be printed"),
            parameter("pdf", "Binary", "A PDF/A-1 that takes the place of the one that would be printed"),
            parameter("return", "Binary", "The CDA document", use="out", least=1),
            parameter("outcome", "OperationOutcome", "What was remarkable in writing and printing it", use="out"),
        ],
    ),
    convert,
    needs={},
)
