"""Patient/[id]/$weight-change: from the weighing before to the last one."""

from usager_server import (
    Operation,
    OperationRequest,
    Reply,
    Session,
    Unprocessable,
    decimal_of,
    find,
    fulfils,
    operation_definition,
    parameter,
    parameters,
    part,
)

BODY_WEIGHT = "http://loinc.org|29463-7"

DEFINITION = operation_definition(
    "weight-change",
    "Says how much a person gained or lost between their last two weighings (Observation of LOINC 29463-7, in kg).",
    levels=["instance"],
    resource=["Patient"],
    parameters=[parameter("change", "decimal", "Kilograms gained; negative when lost", use="out", least=1)],
)


@fulfils("PESEE.01")
async def change(session: Session, request: OperationRequest) -> Reply:
    """Return the kilograms gained. Errors: Unprocessable (422) when there are fewer than two weighings in kg."""
    criteria = [("patient", f"Patient/{request.resource_id}"), ("code", BODY_WEIGHT), ("_sort", "-date")]
    weights = []
    async for observation in find(session, "Observation", criteria):
        if observation.get("valueQuantity", {}).get("code") == "kg":
            weights.append(decimal_of(observation["valueQuantity"]["value"]))
        if len(weights) == 2:
            return Reply(resource=parameters(part("change", valueDecimal=weights[0] - weights[1])))
    raise Unprocessable(
        f"Two weighings in kg are needed, and there are {len(weights)}", "Observation", code="business-rule"
    )


operation = Operation(DEFINITION, change, needs={"Observation": "s"})
