"""$cda-validate: what is wrong with a CDA document, told without storing it."""

import asyncio

from usager_server.documents.conversion import CDA_TYPES
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.cda_input import DOCUMENT, document_of
from usager_server.operations.definition import operation_definition, parameter

# One document is judged at a time: those who wait hold no thread.
_bench = asyncio.Semaphore(1)


async def validate_document(session: Session, request: OperationRequest) -> Reply:
    """Return the findings on a document.

    Shape   always 200 with an OperationOutcome: a document that cannot be read is a finding too.
    Errors  Invalid (400) when no document was given; Unavailable (503) when the operator's rules cannot be used.
    """
    from usager_server.documents.judging import judge, outcome_of  # the rules, which most servers never apply

    data = document_of(request)
    async with _bench:
        report = await asyncio.to_thread(judge, data, session.house.settings)
    return Reply(resource=outcome_of(report))


cda_validate = Operation(
    operation_definition(
        "cda-validate",
        "Tells what is wrong with a CDA document: by our own rules (INS, dates, references, narrative, files, codes) "
        "and, when the operator names them, by the national schemas and schematrons. Nothing is stored.",
        levels=["system"],
        parameters=[
            DOCUMENT,
            parameter(
                "return", "OperationOutcome", "What was found; one information when nothing was", use="out", least=1
            ),
        ],
    ),
    validate_document,
    accepts=CDA_TYPES,
    needs={},
)
