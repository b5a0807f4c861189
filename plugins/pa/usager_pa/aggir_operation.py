"""QuestionnaireResponse/$aggir: the GIR of a person from the eight grades of an AGGIR evaluation."""

from usager_pa.aggir import autonomy, table, variables
from usager_server import (
    Operation,
    OperationRequest,
    Reply,
    Session,
    operation_definition,
    parameter,
    parameters,
    part,
    text_of,
)

GRADES = ("A", "B", "C")

DEFINITION = operation_definition(
    "aggir",
    "Calculates the GIR (groupe iso-ressources) from the eight discriminant variables of the AGGIR grid.",
    levels=["type"],
    resource=["QuestionnaireResponse"],
    parameters=[
        *(parameter(name, "code", f"Grade of {name}: A alone, B in part, C not", least=1) for name in variables()),
        parameter("gir", "integer", "GIR, from 1 (most dependent) to 6", use="out", least=1),
        parameter("rank", "integer", "Rank of the calculation, from 1 to 13", use="out", least=1),
        parameter("version", "string", "Version of the calculation table", use="out", least=1),
    ],
)


async def aggir(session: Session, request: OperationRequest) -> Reply:
    """Return the GIR and the rank. Errors: Invalid (400) when a grade is missing or is not A, B or C."""
    found = autonomy({name: text_of(request, name, GRADES) for name in variables()})
    return Reply(
        resource=parameters(
            part("gir", valueInteger=found.gir),
            part("rank", valueInteger=found.rank),
            part("version", valueString=table()["version"]),
        )
    )


operation = Operation(DEFINITION, aggir, needs={})
