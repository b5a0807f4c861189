"""Patient/$vitale-app-read, Patient/[id]/$vitale-app-read: what an Appli carte Vitale says, kept to be accepted.

The application stands for INSi and for a device at once (RNIV 4.3.4): no call is made, and the identity is qualified.
Nothing that is sent can prove a reading: who reads is known by name, and answers for it.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from usager_server.birthplaces.gazetteer import Standing
from usager_server.errors import Forbidden, Invalid, Unprocessable
from usager_server.identity import words
from usager_server.identity.birth_dates import completed
from usager_server.identity.events import Retrieved
from usager_server.identity.evidence import Source
from usager_server.identity.matricule import Matricule, matricule_in, matricule_of, with_received
from usager_server.identity.traits import Traits, traits_of, with_traits
from usager_server.interactions.identities import told_of_identity
from usager_server.interactions.session import OperationRequest, Reply, Session, instant_text, now
from usager_server.national.insi.calling import refuse_slave
from usager_server.national.insi.keeping import KEPT_FOR, Answers, Kept
from usager_server.national.insi.search_operation import read_patient, refuse_blocked, traits_given
from usager_server.national.insi.searching import Found, answer_parts, label_of, lacks_label
from usager_server.operations.parameters import given, parameters
from usager_server.requirements import fulfils

NOT_THE_READER = (
    "Lire l'Appli carte Vitale est le fait d'un logiciel désigné (USAGER_VITALE_APP_READER) : interroger INSi par "
    "$ins-search, ou s'adresser à l'administrateur"
)
NO_MATRICULE = "L'Appli carte Vitale donne un matricule INS avec son OID (matricule : system, value)"
INCOMPLETE = (
    "L'Appli carte Vitale donne le nom de naissance, les prénoms, le sexe (male, female) et la date de naissance"
)


@fulfils("INS/va1.27")
async def read_vitale_app(session: Session, request: OperationRequest) -> Reply:
    """Keep a reading, compared with what is known here; `$ins-accept` makes it the identity.

    Errors  Forbidden (403) from anybody but the reader; Unprocessable (422) for traits or a matricule that are none,
            and for an identity that is douteuse or fictive; NotFound (404) without such a Patient.
    """
    refuse_slave(session)
    _refuse_others(session)
    patient_id = request.resource_id or ""
    patient, version = await read_patient(session, patient_id) if patient_id else ({}, 0)
    refuse_blocked(patient)
    moment = now()
    retrieved = _retrieved(session, request, instant_text(moment))
    async with session.transaction() as inner:
        kept = Kept(retrieved, patient_id, version)
        key = await Answers(session.house.settings).put(inner.repository.runner, datetime.now(UTC), kept)
    found = Found("", (), retrieved, key, moment + KEPT_FOR)
    return Reply(resource=parameters(*answer_parts(session, found, traits_of(patient), matricule_of(patient), version)))


def _refuse_others(session: Session) -> None:
    reader, caller = session.house.settings.vitale_app_reader, session.caller
    if not reader or reader not in (caller.grant.client, caller.subject):
        raise Forbidden(NOT_THE_READER)


def _retrieved(session: Session, request: OperationRequest, moment: str) -> Retrieved:
    """Return what was read, as what INSi would have answered."""
    matricule, traits = _matricule(request), _traits(session, request)
    _refuse_wrong(session, matricule, traits)
    return Retrieved(matricule.value, matricule.oid, traits, (), moment, "", "", Source.vitale)


def _matricule(request: OperationRequest) -> Matricule:
    identifier = given(request, "matricule")
    found = matricule_in(identifier) if isinstance(identifier, dict) else None
    if found is None:
        raise Unprocessable(NO_MATRICULE, "Parameters.parameter.where(name = 'matricule')", code="required")
    return found


def _traits(session: Session, request: OperationRequest) -> Traits:
    traits = traits_given(request)
    if not (traits.birth_name and traits.birth_given_names and traits.birth_date) or traits.sex not in ("M", "F"):
        raise Unprocessable(INCOMPLETE, "Parameters.parameter", code="required")
    try:
        born, is_estimated = completed(traits.birth_date)
    except ValueError as error:
        raise Invalid("birthDate is YYYY-MM-DD, with 00 for what is not known", "birthDate", code="value") from error
    label = label_of(session.house.birthplaces.gazetteer)(traits.birth_place, born) if traits.birth_place else ""
    return replace(traits, birth_date=born, birth_date_estimated=is_estimated, birth_place_label=label)


def _refuse_wrong(session: Session, matricule: Matricule, traits: Traits) -> None:
    """Refuse what breaks the rules of identities. A place that the reference lacks is named when it is accepted."""
    standing = session.house.birthplaces.gazetteer.standing
    is_named_later = lacks_label(Traits(), traits) and standing(traits.birth_place) is Standing.well_formed
    patient: dict[str, Any] = {"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}}
    checked = with_traits(patient, replace(traits, birth_place="") if is_named_later else traits)
    wrong = [it for it in told_of_identity(session, with_received(checked, matricule)) if it.severity == "error"]
    if wrong:
        raise Unprocessable("; ".join(issue.diagnostics for issue in wrong), issues=wrong)
