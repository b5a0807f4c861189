"""DocumentReference/$import-cda: a CDA document filed here, once, with the person and the versions it belongs to."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from usager_server.documents.conversion import CDA_TYPES, bundle_from_document
from usager_server.interactions.request import Preference
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.interactions.transaction import transaction
from usager_server.jsontext import parse_json
from usager_server.operations.cda_input import DOCUMENT, document_of
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import flag_of, given, text_of
from usager_server.traces.origins import From

MINIMAL = Preference(returns="minimal")


async def import_document(session: Session, request: OperationRequest) -> Reply:
    """File a document: one database transaction, all or nothing.

    Shape   a transaction-response in the order of $cda-to-fhir; Location is the DocumentReference, whose entry carries
            what was odd in the document. A document that is here already changes nothing and answers the same, alone.
    Errors  those of $cda-to-fhir; Conflict (409) when the document contradicts what is here (see `cda_filing.py`),
            MultipleMatches (412) when several records bear the identifier of the person.
    Source  cda.md 5.2 and 6.3; dmp.md 10 (SC.CDA/INT.18).
    """
    from usager_server.operations.cda_filing import Filing  # with it comes all of usager_cda: not at every start

    origin = From(text_of(request, "origin", tuple(From))) if given(request, "origin") else None
    bundle = await asyncio.to_thread(bundle_from_document, document_of(request))
    async with session.transaction() as inner:
        filing = Filing(inner, bundle)
        await filing.hold()
        filing.stamp(origin)
        known = await filing.already_here()
        if known is not None:
            return _answer(session, filing.answer_for(known), known)
        await filing.attach_to(_patient_of(request), is_new=flag_of(request, "new-patient") is True)
        await filing.follow_versions()
        reply = await transaction(replace(inner, receives=True), bundle, MINIMAL)
        response = parse_json((reply.document or "{}").encode())
        await filing.tell(response)
        return _answer(session, filing.annotated(response), filing.location_in(response))


def _answer(session: Session, response: Mapping[str, Any], address: str) -> Reply:
    return Reply(resource=response, headers={"Location": f"{session.base_url}/{address}"})


def _patient_of(request: OperationRequest) -> str | None:
    value: Any = given(request, "patient")
    return value.get("reference") if isinstance(value, dict) else value


import_cda = Operation(
    operation_definition(
        "import-cda",
        "Files a CI-SIS CDA document: its resources are stored in one transaction, people and structures that are "
        "known by an identifier are referred to and never overwritten, a newer version supersedes the one it replaces. "
        "The same document imported twice is filed once.",
        levels=["type"],
        resource=["DocumentReference"],
        affects_state=True,
        parameters=[
            DOCUMENT,
            parameter("patient", "Reference", "The Patient to file it under, whatever identity the document states"),
            parameter("origin", "code", "Where it came from: dmp, mss, or local when it was filed by hand"),
            parameter("new-patient", "boolean", "Make a record for the person, although others are alike"),
            parameter(
                "return", "Bundle", "The transaction-response; Location is the DocumentReference", use="out", least=1
            ),
        ],
    ),
    import_document,
    accepts=CDA_TYPES,
    needs={"": "cs"},
)
