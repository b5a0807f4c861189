"""Patient/[id]/$ins-verify: INSi is asked whether matricule and traits go together; if not, whom they are."""

from typing import Any

from usager_server.errors import Unprocessable
from usager_server.identity.matricule import matricule_of
from usager_server.identity.status import status_of
from usager_server.identity.traits import traits_of
from usager_server.identity.transition_table import NO_INS
from usager_server.identity.transitions import Refusal, apply
from usager_server.interactions.session import OperationRequest, Reply, Session, instant_text, now
from usager_server.national.insi.calling import Calling
from usager_server.national.insi.messages import FOUND
from usager_server.national.insi.search_operation import read_patient, refuse_blocked
from usager_server.national.insi.searching import keep, parts_of
from usager_server.national.insi.verification import Verdict, to_verify, verify
from usager_server.national.insi.verifying.closing import close_unanswered
from usager_server.national.insi.writing import store_identity
from usager_server.operations.parameters import parameters, part
from usager_server.requirements import fulfils

VERIFIED = "INSi confirme l'identité."
FAILED = "INSi ne confirme pas l'identité."


class Verifying:
    """The operation."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    @fulfils("INS/va1.60")
    async def verify(self, session: Session, request: OperationRequest) -> Reply:
        """Return what INSi says of an identity, whose status follows at once.

        Order   a Task about an answer that was lost is completed with it.
        Shape   confirmed: the date of the last verification. Not confirmed: a search by the local traits; somebody else
                found leaves a mark, and an answer to accept; nobody takes the INS away.
        Errors  Unprocessable (422) without a matricule, or when INSi refuses; Unavailable (503) when it does not
                answer; VersionConflict (412) when the Patient changed meanwhile.
        """
        patient_id = request.resource_id or ""
        patient, version = await read_patient(session, patient_id)
        refuse_blocked(patient)
        matricule = to_verify(patient)
        if matricule is None:
            raise Unprocessable(NO_INS, "Patient.identifier", code="business-rule")
        async with self._calling.client(session, request, patient_id) as client:
            verdict = await verify(client, patient, matricule, instant_text(now()))
            async with session.transaction() as inner:
                patient, version = await _changed(inner, patient, version, patient_id, verdict)
                if verdict.event is not None:
                    await close_unanswered(inner, [patient_id])
                found = await keep(
                    inner, client, verdict.search_code, verdict.individual, verdict.attempts, patient_id, version
                )
        told = [
            part("verified", valueBoolean=verdict.code == FOUND),
            part("status", valueCode=status_of(patient).name),
            part("statement", valueString=VERIFIED if verdict.code == FOUND else FAILED),
        ]
        if not verdict.search_code:
            return Reply(resource=parameters(*told, part("version", valueString=str(version))))
        parts = parts_of(session, found, traits_of(patient), matricule_of(patient), version)
        return Reply(resource=parameters(*told, *parts))


async def _changed(
    session: Session, patient: dict[str, Any], version: int, patient_id: str, verdict: Verdict
) -> tuple[dict[str, Any], int]:
    """Return the Patient after the verdict, and its version; the same when nothing follows from it."""
    made = apply(patient, verdict.event, session.house.settings.fr_core_release) if verdict.event is not None else None
    if made is None or isinstance(made, Refusal):
        return patient, version
    reply = await store_identity(session, made, patient_id, version)
    return made, reply.version or version
