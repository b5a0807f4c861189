"""Patient/$ins-accept, Patient/[id]/$ins-accept: an answer of INSi becomes the identity, in one call."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from usager_server.errors import Conflict, Unprocessable, VersionConflict
from usager_server.identity import words
from usager_server.identity.events import Retrieved, VitaleAppRead
from usager_server.identity.evidence import Source
from usager_server.identity.matricule import INVENTED
from usager_server.identity.traits import Traits, traits_of
from usager_server.identity.transitions import Refusal, apply
from usager_server.interactions.session import OperationRequest, Reply, Session
from usager_server.national.insi.calling import refuse_slave
from usager_server.national.insi.keeping import Answers, Kept
from usager_server.national.insi.search_operation import read_patient
from usager_server.national.insi.searching import lacks_label
from usager_server.national.insi.writing import store_identity
from usager_server.operations.parameters import given, text_of
from usager_server.requirements import fulfils

GONE = "Cette réponse d'INSi a été acceptée, est trop ancienne ou n'a jamais existé : refaire $ins-search"
CHANGED = "Le dossier a changé depuis la comparaison (version {0}, et non {1}) : refaire $ins-search et comparer"
NOT_THIS = "Cette réponse d'INSi concerne un autre dossier"
INVENTED_HERE = "Les matricules de test et de démonstration sont refusés en production"
LABEL = "Le lieu de naissance {0} n'est pas dans le référentiel : donner son libellé (birthPlaceLabel)"


@fulfils("SC.INS.14", "SC.INS.03", "P-INS-02", "P-INS-09")
async def accept(session: Session, request: OperationRequest) -> Reply:
    """Write the traits and the matricule of an answer, which is used up, over the version that it was compared with.

    Shape   the Patient, with its new version; 201 when it is created from an answer to traits that were given.
    Errors  Conflict (409) when the answer is gone; VersionConflict (412) when the Patient has changed since;
            Unprocessable (422) when the place of birth must be named by hand, or the identity may not be changed.
    """
    refuse_slave(session)
    key, patient_id = text_of(request, "answer"), request.resource_id or ""
    async with session.transaction() as inner:
        # Nobody else writes the record between the look at its version and the write.
        await inner.repository.lock([("Patient", patient_id)] if patient_id else [])
        kept = await Answers(session.house.settings).take(inner.repository.runner, datetime.now(UTC), key)
        if kept is None:
            raise Conflict(GONE, "Parameters.parameter.where(name = 'answer')", code="not-found")
        if kept.retrieved.oid in INVENTED and session.house.settings.ins_production:
            raise Unprocessable(INVENTED_HERE, "Patient.identifier", code="business-rule")
        patient, version = await _compared_with(inner, kept, patient_id)
        retrieved = _labelled(request, kept.retrieved, traits_of(patient))
        made = apply(patient, _event(retrieved), session.house.settings.fr_core_release)
        if isinstance(made, Refusal):
            raise Unprocessable(made.reason, "Patient", code="business-rule")
        return await store_identity(inner, made, patient_id or None, version)


async def _compared_with(session: Session, kept: Kept, patient_id: str) -> tuple[dict[str, Any], int]:
    """Return the Patient that an answer was compared with, a new one when it was none."""
    if kept.patient not in ("", patient_id):
        raise Conflict(NOT_THIS, "Parameters.parameter.where(name = 'answer')", code="business-rule")
    if not patient_id:
        return {"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}, "active": True}, 0
    patient, version = await read_patient(session, patient_id)
    if kept.patient and version != kept.version:
        raise VersionConflict(CHANGED.format(version, kept.version))
    return patient, version


def _event(retrieved: Retrieved) -> Retrieved | VitaleAppRead:
    """Return what happens to the identity: INSi's word alone, or a reading that stands for a device too."""
    if retrieved.source is not Source.vitale:
        return retrieved
    return VitaleAppRead(retrieved.matricule, retrieved.oid, retrieved.traits, retrieved.moment)


def _labelled(request: OperationRequest, retrieved: Retrieved, local: Traits) -> Retrieved:
    """Return what is accepted, its place of birth named: by the reference, else by hand, now or before."""
    traits = retrieved.traits
    if not lacks_label(local, traits):
        return retrieved
    label = given(request, "birthPlaceLabel")
    if not isinstance(label, str) or not label.strip() or len(label) > 100:
        text = LABEL.format(traits.birth_place)
        raise Unprocessable(text, "Parameters.parameter.where(name = 'birthPlaceLabel')", code="required")
    return replace(retrieved, traits=replace(traits, birth_place_label=label.strip()))
