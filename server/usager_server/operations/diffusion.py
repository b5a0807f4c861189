"""Patient/[id]/$diffusion: by which channels the identity of a person may leave, with its INS or not, and why not."""

from typing import TYPE_CHECKING, Any

from usager_server.errors import Gone, NotFound
from usager_server.interactions.identities import is_slave
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.jsontext import parse_json
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import parameters, part
from usager_server.requirements import fulfils

if TYPE_CHECKING:
    from usager_server.identity.diffusion import Channel, Diffusion

Resource = dict[str, Any]


@fulfils("P-INS-14")
async def tell_diffusion(session: Session, request: OperationRequest) -> Reply:
    """Return what may leave by each channel, computed from the Patient as it is stored.

    Errors  NotFound (404), Gone (410).
    Source  identity/diffusion.py.
    """
    from usager_server.identity.diffusion import Channel, citizen_address, diffusion
    from usager_server.identity.inheriting import next_by_master
    from usager_server.identity.status import status_of, what_next

    patient = await _patient(session, request.resource_id or "")
    derogation = session.house.settings.mss_citizens_unqualified
    channels = [_channel(each, diffusion(patient, each, citizens_unqualified=derogation)) for each in Channel]
    told = [part("status", valueString=str(status_of(patient)))]
    following = (next_by_master if is_slave(session) else what_next)(patient)
    address = citizen_address(patient)
    told += [part("next", valueString=following)] if following else []
    is_writable = diffusion(patient, Channel.mssante_citizen, citizens_unqualified=derogation).is_allowed
    told += [part("citizen-address", valueString=address)] if address and is_writable else []
    return Reply(resource=parameters(*told, *channels))


async def _patient(session: Session, key: str) -> Resource:
    stored = await session.repository.read("Patient", key)
    if stored is None:
        raise NotFound(f"There is no Patient/{key}")
    if stored.document is None:
        raise Gone(f"Patient/{key} was deleted in version {stored.version}")
    found: Resource = parse_json(stored.document.encode())
    return found


def _channel(channel: "Channel", found: "Diffusion") -> Resource:
    parts = [
        part("channel", valueCode=str(channel)),
        part("allowed", valueBoolean=found.is_allowed),
        part("with-ins", valueBoolean=found.with_ins),
    ]
    parts += [part("because", valueString=found.because)] if found.because else []
    return {"name": "diffusion", "part": parts}


tell_diffusion_operation = Operation(
    operation_definition(
        "diffusion",
        "Tells by which channels the identity of a person may leave (DMP, MSSanté to professionals and to persons, "
        "documents, flows), with its INS or not, and in French what to do where it may not.",
        levels=["instance"],
        resource=["Patient"],
        parameters=[
            parameter("status", "string", "The status of the identity, in French", use="out", least=1),
            parameter("next", "string", "What to do next to qualify it, in French", use="out"),
            parameter("citizen-address", "string", "The secure address of the person, if one may write", use="out"),
            {
                "name": "diffusion",
                "use": "out",
                "min": 1,
                "max": "*",
                "documentation": "What may leave by one channel",
                "part": [
                    parameter("channel", "code", "The channel", use="out", least=1),
                    parameter("allowed", "boolean", "Whether the identity may leave by it", use="out", least=1),
                    parameter("with-ins", "boolean", "Whether its INS leaves with it", use="out", least=1),
                    parameter("because", "string", "Why it may not, and what to do, in French", use="out"),
                ],
            },
        ],
    ),
    tell_diffusion,
    needs={"": "r"},
)
