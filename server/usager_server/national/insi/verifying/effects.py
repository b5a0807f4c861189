"""What a verdict changes: the Patient, its trace, the Task for a person, and whether it is watched: one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server.identity.events import VerificationFailed, Verified
from usager_server.identity.evidence import evidence_of
from usager_server.identity.matricule import matricule_of
from usager_server.identity.traits import traits_of
from usager_server.identity.transitions import Refusal, apply
from usager_server.interactions.checks import check_resource
from usager_server.interactions.session import Session, instant_text, now
from usager_server.interactions.writing import new_draft, new_id
from usager_server.jsontext import parse_json
from usager_server.national.insi.keeping import KEPT_FOR_A_TASK, Answers, Kept
from usager_server.national.insi.mapping import retrieved_of
from usager_server.national.insi.messages import Call
from usager_server.national.insi.searching import label_of
from usager_server.national.insi.verification import UNASKABLE, Verdict
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.closing import close_unanswered
from usager_server.national.insi.verifying.due import watched_of
from usager_server.national.insi.verifying.tasks import task_of
from usager_server.national.insi.verifying.words import Outcome
from usager_server.national.insi.writing import store_identity
from usager_server.repository import Change

Patient = dict[str, Any]


async def current(session: Session, patient_id: str) -> tuple[Patient, int] | None:
    """Return a Patient as it is now and its version, None when it is gone."""
    stored = await session.repository.read("Patient", patient_id)
    if stored is None or stored.document is None:
        return None
    return parse_json(stored.document.encode()), stored.version


async def conclude(session: Session, patient_id: str, asked: Patient, verdict: Verdict, call: Call) -> None:
    """Write what a verdict means, inside a transaction.

    Shape   asked is the Patient as INSi was asked about it; call the last one, which an answer is known by. An identity
            that somebody changed meanwhile is left alone: it will be looked at anew.
    """
    await session.repository.lock([("Patient", patient_id)])
    found = await current(session, patient_id)
    runner = session.repository.runner
    if found is None:
        await store.forget(runner, [patient_id])
        return
    patient, version = found
    if (matricule_of(patient), traits_of(patient)) != (matricule_of(asked), traits_of(asked)):
        await store.put(runner, [patient_id], store.State.waiting)
        return
    made, version = await _changed(session, patient, version, patient_id, verdict)
    if verdict.event is not None:
        await close_unanswered(session, [patient_id])
    outcome = outcome_of(made, verdict)
    if outcome is not None:
        await _tell(session, patient_id, version, verdict, call, outcome)
    if outcome is Outcome.unaskable:
        await store.put(runner, [patient_id], store.State.unanswered)  # until its traits, or INSi's word, change
    else:
        await _watch_anew(session, {patient_id: (made, version)})


async def confirm(session: Session, patients: Sequence[str], event: Verified) -> None:
    """Write that INSi confirms these identities, inside a transaction, in a statement for each and a few for all."""
    references = [("Patient", it) for it in patients]
    await session.repository.lock(references)
    changes = []
    settled: dict[str, tuple[Patient, int]] = {}
    for (_, patient_id), stored in (await session.repository.read_many(references)).items():
        if stored.document is None:
            continue
        patient = parse_json(stored.document.encode())
        made = apply(patient, event, session.house.settings.fr_core_release)
        settled[patient_id] = (patient, stored.version)
        if not isinstance(made, Refusal):
            await check_resource(session, made, "Patient")
            changes.append(Change(new_draft(session, made, patient_id, "PUT"), stored.version, may_create=False))
            settled[patient_id] = (made, stored.version + 1)
    await session.repository.write(changes)
    await close_unanswered(session, list(settled))
    await _watch_anew(session, settled)


async def _watch_anew(session: Session, settled: Mapping[str, tuple[Patient, int]]) -> None:
    """Watch identities from what is known of them now, inside a transaction."""
    runner = session.repository.runner
    watched = {key: (watched_of(patient), version) for key, (patient, version) in settled.items()}
    await store.forget(runner, list(settled))
    await store.watch(runner, [(key, version, due) for key, (due, version) in watched.items() if due is not None])


async def tell_unanswered(session: Session, patient_id: str) -> None:
    """Leave a Task about a call whose answer is lost, inside a transaction."""
    await _create(session, task_of(patient_id, Outcome.unanswered))


def outcome_of(patient: Patient, verdict: Verdict) -> Outcome | None:
    """Return what a person must look at, None when there is nothing."""
    if verdict.search_code == UNASKABLE:
        return Outcome.unaskable
    if not isinstance(verdict.event, VerificationFailed):
        return None
    sourced = evidence_of(patient).sourced
    if sourced is None:
        return Outcome.dropped
    return Outcome.differs if sourced.differs else None


async def _changed(
    session: Session, patient: Patient, version: int, patient_id: str, verdict: Verdict
) -> tuple[Patient, int]:
    release = session.house.settings.fr_core_release
    made = apply(patient, verdict.event, release) if verdict.event is not None else None
    if made is None or isinstance(made, Refusal):
        return patient, version
    reply = await store_identity(session, made, patient_id, version)
    return made, reply.version or version


async def _tell(
    session: Session, patient_id: str, version: int, verdict: Verdict, call: Call, outcome: Outcome
) -> None:
    answer = ""
    if verdict.individual is not None:
        places = session.house.birthplaces.gazetteer
        retrieved = retrieved_of(verdict.individual, call, instant_text(now()), label_of(places))
        answers = Answers(session.house.settings, KEPT_FOR_A_TASK)
        answer = await answers.put(session.repository.runner, now(), Kept(retrieved, patient_id, version))
    await _create(session, task_of(patient_id, outcome, answer))


async def _create(session: Session, task: dict[str, Any]) -> None:
    await check_resource(session, task, "Task")
    await session.repository.create([new_draft(session, task, new_id(), "POST")])
