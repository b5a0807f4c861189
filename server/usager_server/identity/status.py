"""The status of an identity: computed from what it rests on, written beside the traits, never typed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from usager_server.identity import words
from usager_server.identity.evidence import Attribute, Evidence, evidence_of, reliability_of
from usager_server.identity.matricule import identifiers_of, received_of
from usager_server.identity.parts import Tree, extension_of, value_of, with_extension, with_list
from usager_server.identity.traits import UNKNOWN_PLACE, traits_of
from usager_server.requirements import fulfils


class Status(StrEnum):
    """The four statuses of an identity, each of which excludes the others (RNIV, EXI SI 07)."""

    provisoire = "provisoire"
    recuperee = "récupérée"
    validee = "validée"
    qualifiee = "qualifiée"


CODES = {Status.provisoire: "PROV", Status.recuperee: "RECUP", Status.validee: "VALI", Status.qualifiee: "QUAL"}
# FR Core 2.1 has two codes for the four: it tells a qualified identity by its matricule.
CODES_2_1 = {Status.provisoire: "PROV", Status.recuperee: "PROV", Status.validee: "VALI", Status.qualifiee: "VALI"}
SYSTEMS_2_1 = (words.STATUSES_2_1, f"{words.FR_CORE}/CodeSystem/fr-core-cs-fiabilite-identite")
FORCING = frozenset((Attribute.douteuse, Attribute.fictive))


@fulfils("INS/va1.26")
def computed(evidence: Evidence) -> Status:
    """Return the status that follows from this evidence: the matrix of the RNIV, and what forces `provisoire`."""
    if evidence.attributes & FORCING:
        return Status.provisoire
    if evidence.sourced is not None:
        return Status.recuperee if evidence.checked is None else Status.qualifiee
    return Status.provisoire if evidence.checked is None else Status.validee


def status_of(patient: Mapping[str, Any]) -> Status:
    """Return the status of a Patient of this server. One about which nothing is said is `provisoire`."""
    return computed(evidence_of(patient))


def attributes_of(patient: Mapping[str, Any]) -> frozenset[Attribute]:
    """Return what is ticked: homonyme, douteuse, fictive."""
    return evidence_of(patient).attributes


def stated_status(patient: Mapping[str, Any]) -> Status | None:
    """Return the status that a Patient says it has, in the codes of FR Core 2.1 or 2.2; None when it says none.

    Shape   for an identity received from elsewhere. A matricule makes of VALI in 2.1 a qualified identity.
    """
    coding = stated_coding(patient)
    if coding is None:
        return None
    if coding.get("system") in SYSTEMS_2_1 and coding.get("code") == "VALI":
        return Status.qualifiee if identifiers_in_force(patient) else Status.validee
    return next((each for each, code in CODES.items() if code == coding.get("code")), Status.provisoire)


def stated_coding(patient: Mapping[str, Any]) -> Tree | None:
    """Return the Coding of the status that a Patient says it has."""
    found: Tree | None = value_of(reliability_of(patient), "identityStatus", "valueCoding")
    return found


def says(coding: Mapping[str, Any], status: Status) -> bool:
    """Say whether a Coding, of 2.1 or 2.2, is how this status is written."""
    codes = CODES_2_1 if coding.get("system") in SYSTEMS_2_1 else CODES
    return coding.get("code") == codes[status]


def identifiers_in_force(patient: Mapping[str, Any]) -> list[Tree]:
    """Return the matricules that a Patient from elsewhere bears as its own, not as old ones."""
    return [each for each in identifiers_of(patient) if each.get("use") != "old"]


def is_identity(patient: Mapping[str, Any]) -> bool:
    """Say whether a Patient is an identity in the sense of the RNIV: it claims FR Core, or bears one of its marks.

    Any other has no status to write, and is `provisoire`.
    """
    claimed = (patient.get("meta") or {}).get("profile", ())
    if words.PATIENT in claimed or words.PATIENT_INS in claimed:
        return True
    marked = extension_of(patient, words.RELIABILITY) or extension_of(patient, words.EVIDENCE)
    return marked is not None or bool(identifiers_of(patient))


@fulfils("SC.DMP/UX.11", "INS/va1.25", "INS/va1.32", "INS/va1.36")
def with_status(patient: Mapping[str, Any], event: str, moment: str, release: str) -> Tree:
    """Return the Patient with its status, what brought it there and since when, what to do next, and its profile.

    Shape   event names the row of the table of transitions; moment is an instant; release "2.1" or "2.2".
    """
    evidence = evidence_of(patient)
    status = computed(evidence)
    since = moment
    known = extension_of(patient, words.EVIDENCE)
    if value_of(known, "status", "valueCode") == CODES[status]:
        since = value_of(known, "since", "valueInstant") or moment
    made = with_extension(patient, words.EVIDENCE, _history(known, status, event, since, _following(patient, evidence)))
    return _with_profile(_with_coding(made, status, release), status)


def restated(patient: Mapping[str, Any], moment: str, release: str) -> Tree:
    """Return the Patient with its status written anew, and the event that it went through last left as it is."""
    event = value_of(extension_of(patient, words.EVIDENCE), "event", "valueCode")
    return with_status(patient, event or "migrated", moment, release)


def _history(known: Tree | None, status: Status, event: str, since: str, following: str) -> Tree:
    values: Tree = {
        "status": {"valueCode": CODES[status]},
        "since": {"valueInstant": since},
        "event": {"valueCode": event},
        "next": {"valueString": following} if following else None,
    }
    holder: Tree = {"extension": list((known or {}).get("extension", ()))}
    for url, value in values.items():
        holder = with_extension(holder, url, value)
    return holder


def _with_coding(patient: Tree, status: Status, release: str) -> Tree:
    old = release == "2.1"
    coding = {
        "system": words.STATUSES_2_1 if old else words.STATUSES,
        "code": (CODES_2_1 if old else CODES)[status],
        "display": f"identité {status}",
    }
    parts = (reliability_of(patient) or {}).get("extension", ())
    others = [each for each in parts if each["url"] != "identityStatus"]
    content = {"extension": [{"url": "identityStatus", "valueCoding": coding}, *others]}
    return with_extension(patient, words.RELIABILITY, content)


def _with_profile(patient: Tree, status: Status) -> Tree:
    """Return the Patient under the profile of its status: only a qualified identity is one of `fr-core-patient-ins`."""
    meta = patient.get("meta") or {}
    wanted = words.PATIENT_INS if status is Status.qualifiee and _is_complete(patient) else words.PATIENT
    ours = (words.PATIENT, words.PATIENT_INS)
    if not any(each in ours for each in meta.get("profile", ())):
        return patient
    profiles = dict.fromkeys(wanted if each in ours else each for each in meta["profile"])
    return patient | {"meta": with_list(meta, "profile", list(profiles))}


def _is_complete(patient: Mapping[str, Any]) -> bool:
    traits = traits_of(patient)
    texts = (traits.birth_name, traits.first_birth_given_name, traits.birth_given_names, traits.birth_place)
    return all(texts) and traits.sex in ("M", "F") and len(traits.birth_date) == len("YYYY-MM-DD")


def what_next(patient: Mapping[str, Any]) -> str:
    """Return what a professional does next to bring an identity to `qualifiée`, in French; "" when nothing is left.

    Source  P-INS-08: the text of the tooltip on the status.
    """
    return _following(patient, evidence_of(patient))


def _following(patient: Mapping[str, Any], evidence: Evidence) -> str:
    if any(each.get("type") == "replaced-by" for each in patient.get("link", ())):
        return "Ce dossier est remplacé par un autre : ouvrir celui-ci."
    if Attribute.fictive in evidence.attributes:
        return "Identité fictive : elle ne peut pas être qualifiée et n'est jamais transmise."
    if Attribute.douteuse in evidence.attributes:
        return "Identité douteuse : lever le doute, décocher « douteuse », puis refaire l'appel à INSi et le contrôle."
    if evidence.sourced is not None and evidence.sourced.differs:
        return "INSi donne désormais d'autres traits : comparer les deux identités, puis accepter ou corriger."
    status = computed(evidence)
    if status is Status.qualifiee:
        return ""
    if status is Status.recuperee:
        return "Contrôler une pièce d'identité à haut niveau de confiance pour qualifier l'identité."
    then = "L'identité sera alors qualifiée."
    if status is Status.provisoire:
        then = "Puis contrôler une pièce d'identité à haut niveau de confiance."
    return f"{_ask(patient)} {then}"


def _ask(patient: Mapping[str, Any]) -> str:
    if received_of(patient) is not None:
        return "Vérifier auprès d'INSi le matricule reçu."
    traits = traits_of(patient)
    asked = {
        "le nom de naissance": traits.birth_name,
        "le premier prénom de naissance": traits.first_birth_given_name,
        "le sexe (masculin ou féminin)": traits.sex.replace("I", ""),
        "la date de naissance": traits.birth_date,
    }
    missing = [name for name, value in asked.items() if not value]
    if missing:
        return f"Compléter {', '.join(missing)}, puis interroger INSi."
    place = " Rechercher aussi le lieu de naissance." if traits.birth_place in ("", UNKNOWN_PLACE) else ""
    return f"Interroger INSi pour récupérer l'identité.{place}"
