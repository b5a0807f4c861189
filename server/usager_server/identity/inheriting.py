"""Identities of which another software is master: what its word makes of a Patient, and what nobody else may change.

Source  RNIV, one domain of identities: a flow says `provisoire` or `validée`; `qualifiée` follows from a matricule.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from usager_server.errors import Unprocessable
from usager_server.identity import words
from usager_server.identity.events import Inherited
from usager_server.identity.evidence import (
    Attribute,
    Checked,
    evidence_of,
    with_evidence,
    with_evidence_of,
)
from usager_server.identity.matricule import NIA, Matricule, identifiers_of, is_ins, matricule_in
from usager_server.identity.parts import Tree, extension_of, value_of, with_extension, with_list
from usager_server.identity.status import (
    CODES,
    FORCING,
    Status,
    attributes_of,
    identifiers_in_force,
    restated,
    says,
    stated_coding,
    status_of,
    what_next,
)
from usager_server.identity.transitions import Refusal, inherit
from usager_server.requirements import fulfils

Patient = Mapping[str, Any]

VALIDATED = ("VALI", "QUAL")
LOCAL_NUMBER = "PI"
REPLACED = "replaced-by"
MERGED = (REPLACED, "replaces")

MASTERED = "Les identités viennent d'un autre logiciel (profil esclave-identite)"
NOT_MADE_HERE = f"{MASTERED} : un dossier se crée dans celui-ci, qui le transmet"
NOT_CHANGED_HERE = f"{MASTERED} : ceci ne se change que dans celui-ci, et se renvoie tel que lu : {{what}}"
NOT_DONE_HERE = f"{MASTERED} : lui seul fusionne des dossiers, défait une fusion, supprime un dossier"
NEXT = "L'identité vient d'un autre logiciel : c'est dans celui-ci qu'elle se corrige, se valide et se qualifie."

NO_STATUS = (
    "Le logiciel maître dit le statut de chaque identité qu'il transmet : PROV, ou VALI (avec l'INS si elle est "
    "qualifiée)"
)
NO_MATRICULE = "Une identité qualifiée (QUAL) porte son matricule INS en vigueur ; sans INS, elle est validée (VALI)"
ONE_MATRICULE = (
    "Une identité validée porte au plus un matricule INS en vigueur : use = official, ou temp pour un NIA ; les autres "
    "sont des anciens (old)"
)
TWO_ATTRIBUTES = "Une identité fictive n'est ni douteuse ni homonyme"
IGNORED = "Matricule reçu avec une identité qui n'est pas validée, ou douteuse ou fictive : il est ignoré"
FORCED = "Identité reçue à la fois validée et douteuse ou fictive : elle est provisoire"


@fulfils("INS/va1.64")
def inherited(sent: Tree, known: Patient, moment: str, release: str) -> Tree:
    """Return what is stored of a Patient that the master writes over a known one ({} for none).

    Shape   the status is the master's, upwards and downwards; a matricule in force that it names no more becomes old.
            What contradicts itself without harm is stored as the lesser of the two, with an `anomaly` that tells.
    Errors  Unprocessable (422) when no status, or no single matricule, can be told from it.
    """
    event = _event(sent, moment)
    others = [each for each in sent.get("identifier", ()) if not is_ins(each)]
    over = with_evidence_of(with_list(sent, "identifier", [*identifiers_of(known), *others]), known)
    made = inherit(over, event, release)
    if isinstance(made, Refusal):
        raise Unprocessable(made.reason, "Patient", code="business-rule")
    return _advised(_with_own(made, "anomaly", anomaly(sent)))


def anomaly(sent: Patient) -> str:
    """Return what contradicts itself in what the master says of an identity, in French; "" for nothing."""
    is_validated, is_doubted = _code(sent) in VALIDATED, bool(attributes_of(sent) & FORCING)
    if identifiers_in_force(sent) and (is_doubted or not is_validated):
        return IGNORED
    return FORCED if is_validated and is_doubted else ""


def anomaly_of(patient: Patient) -> str:
    """Return what was odd in an identity when the master said it last, in French; "" for nothing."""
    return value_of(extension_of(patient, words.EVIDENCE), "anomaly", "valueString") or ""


@fulfils("INS/va1.64")
def kept(sent: Tree, known: Patient | None, moment: str, release: str) -> Tree:
    """Return what is stored of a Patient that somebody else than the master writes: its identity as it was.

    Shape   used names, contacts, addresses and all else are theirs to change.
    Errors  Unprocessable (422) for a new Patient, and for each part of an identity that would change.
    """
    if known is None:
        raise Unprocessable(NOT_MADE_HERE, "Patient", code="business-rule")
    changed = next(_changes(sent, known), None)
    if changed is not None:
        what, place = changed
        raise Unprocessable(NOT_CHANGED_HERE.format(what=what), place, code="business-rule")
    made = with_evidence_of(sent, known)
    if extension_of(known, words.EVIDENCE) is None:
        return made  # of before there was a master: it has no status to be written anew
    return _advised(restated(with_evidence(made, evidence_of(known), release), moment, release))


def next_by_master(patient: Patient) -> str:
    """Return what a professional does next to bring an identity of a master to `qualifiée`; "" when nothing is left."""
    is_replaced = any(kind == REPLACED for kind, _ in _merges(patient))
    is_as_anywhere = status_of(patient) is Status.qualifiee or Attribute.fictive in attributes_of(patient)
    return what_next(patient) if is_replaced or is_as_anywhere else NEXT


def _event(sent: Patient, moment: str) -> Inherited:
    """Return what happens by the master's word. Errors: Unprocessable (422)."""
    code, attributes = _code(sent), attributes_of(sent)
    if code not in CODES.values():
        raise Unprocessable(NO_STATUS, words.STATUS_PLACE, code="required")
    if Attribute.fictive in attributes and len(attributes) > 1:
        raise Unprocessable(TWO_ATTRIBUTES, words.STATUS_PLACE, code="business-rule")
    olds = (matricule_in(each) for each in identifiers_of(sent) if each.get("use") == "old")
    history = tuple(found for found in olds if found is not None)
    if code not in VALIDATED or attributes & FORCING:
        return Inherited(str(Status.provisoire), None, "", "", moment, history)
    matricule = _matricule_in_force(sent)
    if matricule is None and code == "QUAL":
        raise Unprocessable(NO_MATRICULE, "Patient.identifier", code="business-rule")
    status = Status.validee if matricule is None else Status.qualifiee
    checked = evidence_of(sent).checked or Checked("")
    return Inherited(str(status), matricule, checked.mode, checked.day, moment, history)


def _matricule_in_force(sent: Patient) -> Matricule | None:
    """Return the one matricule in force, None without one. Errors: Unprocessable (422) for several, or another use."""
    found: Matricule | None = None
    for rank, each in enumerate(sent.get("identifier", ())):
        matricule = matricule_in(each)
        if matricule is None or each.get("use") == "old":
            continue
        is_in_force = each.get("use") == "official" or (each.get("use") == "temp" and matricule.oid == NIA)
        if found is not None or not is_in_force:
            raise Unprocessable(ONE_MATRICULE, f"Patient.identifier[{rank}]", code="business-rule")
        found = matricule
    return found


def _changes(sent: Patient, known: Patient) -> Iterator[tuple[str, str]]:
    """Yield each part of an identity that would change: what it is, in French, and its place."""
    for what, place, part in PARTS:
        if part(sent) != part(known):
            yield what, place
    if not _local_numbers(known) <= _local_numbers(sent):
        yield "les numéros par lesquels il connaît la personne", "Patient.identifier"
    if evidence_of(with_evidence_of(sent, known)) != evidence_of(known) or not _says_the_same(sent, known):
        yield "le statut et ses attributs", words.STATUS_PLACE


def _names_of_birth(patient: Patient) -> list[Tree]:
    """Return the names that are read as one of birth: official, or of no use; titles are anybody's."""
    names = (each for each in patient.get("name", ()) if each.get("use", "official") == "official")
    listed = words.BIRTH_GIVEN_NAMES
    return [
        {"family": it.get("family"), "given": it.get("given"), "list": value_of(it, listed, "valueString")}
        for it in names
    ]


def _places_of_birth(patient: Patient) -> list[Tree]:
    return [each for each in patient.get("extension", ()) if each.get("url") == words.BIRTH_PLACE]


def _matricules(patient: Patient) -> set[tuple[Any, ...]]:
    return {(each.get("use"), each.get("system"), each.get("value")) for each in identifiers_of(patient)}


def _local_numbers(patient: Patient) -> set[tuple[Any, ...]]:
    """Return the local numbers: a record that lost one would be made a second time by the master's next message."""
    return {
        (each.get("use"), each.get("system"), each.get("value"))
        for each in patient.get("identifier", ())
        if any(coding.get("code") == LOCAL_NUMBER for coding in (each.get("type") or {}).get("coding", ()))
    }


def _merges(patient: Patient) -> set[tuple[Any, ...]]:
    links = (each for each in patient.get("link", ()) if each.get("type") in MERGED)
    return {(each["type"], each.get("other", {}).get("reference")) for each in links}


PARTS: tuple[tuple[str, str, Callable[[Patient], Any]], ...] = (
    ("les noms et prénoms de naissance", "Patient.name.where(use='official')", _names_of_birth),
    ("le sexe", "Patient.gender", lambda patient: patient.get("gender")),
    ("la date de naissance", "Patient.birthDate", lambda it: (it.get("birthDate"), it.get("_birthDate"))),
    ("le lieu de naissance", f"Patient.extension('{words.BIRTH_PLACE}')", _places_of_birth),
    ("les matricules INS", "Patient.identifier", _matricules),
    ("ce qui rend le dossier inactif", "Patient.active", lambda patient: patient.get("active", True)),
    ("les liens d'une fusion", "Patient.link", _merges),
)
"""What is the master's: its name, its place, and how it is read."""


def _says_the_same(sent: Patient, known: Patient) -> bool:
    """Say whether no other status is told than the known one, in whichever release of FR Core, or none."""
    said = stated_coding(sent)
    return said is None or says(said, status_of(known)) or said.get("code") == _code(known)


def _code(patient: Patient) -> str:
    return str((stated_coding(patient) or {}).get("code", ""))


def _advised(patient: Tree) -> Tree:
    """Return a Patient whose next step leads to the master: INSi is not asked here."""
    return _with_own(patient, "next", next_by_master(patient))


def _with_own(patient: Tree, name: str, text: str) -> Tree:
    """Return a Patient with a text, or without, among what the server says of its identity."""
    made = with_extension(extension_of(patient, words.EVIDENCE), name, {"valueString": text} if text else None)
    return with_extension(patient, words.EVIDENCE, {key: each for key, each in made.items() if key != "url"})
