"""The verification of an identity, whoever asks for it: INSi's word on it; when that is no, who is found instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from usager_server.identity.events import VerificationFailed, Verified
from usager_server.identity.matricule import Matricule, matricule_of, received_of
from usager_server.identity.traits import traits_of
from usager_server.national.insi.mapping import claimed_of, retrieved_of
from usager_server.national.insi.messages import FOUND, Individual
from usager_server.national.insi.retrieval import Attempt, problems_of, retrieve
from usager_server.requirements import fulfils

if TYPE_CHECKING:
    from usager_server.national.insi.client import InsiClient

UNASKABLE = "unaskable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What INSi says of an identity.

    Shape   code is that of the verification; event what it means for the identity, None when nothing may be concluded.
            search_code, individual, attempts: of the search that followed a verification which failed; "" without one,
            UNASKABLE when the local traits are not such that INSi may be asked by them.
    """

    code: str
    event: Verified | VerificationFailed | None
    search_code: str = ""
    individual: Individual | None = None
    attempts: tuple[Attempt, ...] = ()


def to_verify(patient: Mapping[str, Any]) -> Matricule | None:
    """Return the matricule to be verified: the one in force, else the one received; None without one."""
    return matricule_of(patient) or received_of(patient)


@fulfils("INS/va1.60", "P-INS-12")
async def verify(
    client: "InsiClient", patient: Mapping[str, Any], matricule: Matricule, moment: str, message_id: str | None = None
) -> Verdict:
    """Verify an identity and, when INSi does not confirm it, search by the local traits. Errors: those of a call."""
    reply = await client.verify(claimed_of(matricule, traits_of(patient)), message_id)
    if reply.code == FOUND:
        call = client.calls[-1]
        return Verdict(reply.code, Verified(moment, call.operation, call.message_id))
    return await search_instead(client, patient, reply.code, moment)


async def search_instead(client: "InsiClient", patient: Mapping[str, Any], code: str, moment: str) -> Verdict:
    """Search for an identity that INSi does not confirm, by the local traits."""
    traits = traits_of(patient)
    if problems_of(traits):
        return Verdict(code, None, UNASKABLE)
    outcome = await retrieve(client.search, traits)
    retrieved = None
    if outcome.individual is not None:
        retrieved = retrieved_of(outcome.individual, client.calls[-1], moment, no_label)
    event = VerificationFailed(moment, retrieved)
    return Verdict(code, event, outcome.code, outcome.individual, outcome.attempts)


def no_label(_code: str, _day: str) -> str:
    """Name no place: what is only compared needs no name."""
    return ""
