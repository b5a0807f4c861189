"""$vaccination-schedule: the link to the vaccination schedule that the ministry of health publishes."""

from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import parameters, part
from usager_server.requirements import fulfils

TITLE = "Calendrier des vaccinations et recommandations vaccinales"


@fulfils("SC.VACC/SCHEMA.01")
async def give_the_schedule(session: Session, _request: OperationRequest) -> Reply:
    """Return the link, and what to call it. Source: référentiel DUI vague 2, 3.2.2 b."""
    link = part("link", valueUrl=session.house.settings.vaccination_schedule_url)
    return Reply(resource=parameters(link, part("title", valueString=TITLE)))


vaccination_schedule = Operation(
    operation_definition(
        "vaccination-schedule",
        "Gives the link to the vaccination schedule that the ministry of health publishes, to be opened by a person.",
        levels=["system"],
        parameters=[
            parameter("link", "url", "The page of the ministry", use="out", least=1),
            parameter("title", "string", "What to call it, in French", use="out", least=1),
        ],
    ),
    give_the_schedule,
    needs={},
)
