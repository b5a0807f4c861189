"""Who may receive what of an identity: one answer for an identity and a channel, and the Patient that may leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from usager_server.identity import words
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import (
    NIA,
    evidenced,
    is_ins,
    is_social_security,
    matricule_in,
    matricule_of,
)
from usager_server.identity.parts import Tree, extension_of, with_extension, with_list
from usager_server.identity.status import Status, attributes_of, stated_coding, stated_status, status_of
from usager_server.requirements import fulfils

CITIZEN_DOMAIN = "patient.mssante.fr"
SOCIAL_SECURITY = "urn:oid:1.2.250.1.213.1.4.13"


class Channel(StrEnum):
    """A way by which an identity leaves."""

    dmp = "dmp"
    mssante_professional = "mssante-professional"
    mssante_citizen = "mssante-citizen"
    document = "document"
    api = "api"


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Whether an identity may leave by a channel, and with its INS; because: why not, and what to do, in French."""

    is_allowed: bool
    with_ins: bool
    because: str = ""


@fulfils("INS/va1.44", "INS/va1.46", "INS/va1.52", "INS/va1.54")
def diffusion(patient: Mapping[str, Any], channel: Channel, *, citizens_unqualified: bool = False) -> Diffusion:
    """Return whether a Patient may leave by a channel, and with what.

    Shape   a matricule leaves with a qualified identity only; the DMP and the messages to persons want one, but for the
            derogation before admission (citizens_unqualified); professionals and documents do without. A fictive
            identity leaves by no channel to the outside.
    Source  RNIV EXI SI 08; INS guide EXI ID 29; P-INS-14.
    """
    outside = channel is not Channel.document
    if outside and Attribute.fictive in attributes_of(patient):
        return Diffusion(False, False, "L'identité est fictive : elle n'est jamais transmise.")
    if is_qualified(patient):
        return Diffusion(True, True)
    status = status_of(patient)
    if channel is Channel.dmp:
        because = f"L'identité est {status} : le DMP n'est alimenté que pour une identité qualifiée. Qualifier l'INS."
        return Diffusion(False, False, because)
    if channel is Channel.mssante_citizen and not (citizens_unqualified and matricule_of(patient)):
        return Diffusion(False, False, f"L'identité est {status} : qualifier l'INS avant d'écrire à la personne.")
    return Diffusion(True, False)


def is_qualified(patient: Mapping[str, Any]) -> bool:
    """Say whether the INS of a Patient may leave.

    Shape   of one of this server: whether what it rests on makes it so. Of one from elsewhere, which a caller has put
            in a document: whether it does not say that it is less; who wrote it answers for it.
    """
    if extension_of(patient, words.EVIDENCE) is not None:
        return status_of(patient) is Status.qualifiee
    return stated_coding(patient) is None or stated_status(patient) is Status.qualifiee


@fulfils("INS/va1.47", "INS/va1.48", "INS/va1.50", "INS/va1.51", "INS/va1.56")
def leaving(patient: Mapping[str, Any]) -> Tree:
    """Return the Patient as a document or a flow carries it: without a matricule unless it is qualified.

    Shape   a matricule that nobody verified, and where the INS comes from, never leave. The number of social security,
            which FR Core writes under the OID of the INS, leaves under its own, so that nobody takes it for one.
    """
    kept = [_told(each) for each in patient.get("identifier", ()) if _leaves(each, patient)]
    made = with_list(dict(patient), "identifier", kept)
    return with_extension(made, words.EVIDENCE, None) if extension_of(made, words.EVIDENCE) else made


def _leaves(identifier: Mapping[str, Any], patient: Mapping[str, Any]) -> bool:
    if not is_ins(identifier):
        return True
    if identifier.get("use") in ("official", "old"):
        return is_qualified(patient)
    matricule = matricule_in(identifier)
    is_ours = extension_of(patient, words.EVIDENCE) is not None
    # A NIA in force is written `temp`. A matricule of no use is one for who wrote it elsewhere.
    is_nia = matricule is not None and matricule.oid == NIA and not is_ours
    in_force = matricule == evidenced(patient) if is_ours else is_nia or identifier.get("use") != "temp"
    return in_force and is_qualified(patient)


def _told(identifier: Mapping[str, Any]) -> Tree:
    if not is_social_security(identifier):
        return dict(identifier)
    return {**identifier, "use": "secondary", "type": {"text": "Numéro de sécurité sociale"}, "system": SOCIAL_SECURITY}


@fulfils("P-INS-16")
def citizen_address(patient: Mapping[str, Any]) -> str | None:
    """Return the secure address of a person, None without a matricule in force.

    Shape   <matricule>@patient.mssante.fr; whether one may write to it is for `diffusion` to say.
    """
    matricule = matricule_of(patient)
    return f"{matricule.value}@{CITIZEN_DOMAIN}" if matricule else None
