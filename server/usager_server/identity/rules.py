"""What the traits and matricules of an identity must be, whoever writes them: findings, each with its place.

No finding repeats a value: it would name somebody in an answer or a log.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from usager_server.birthplaces.gazetteer import Standing
from usager_server.errors import Issue
from usager_server.identity import words
from usager_server.identity.birth_dates import RULE
from usager_server.identity.evidence import evidence_of, reliability_of
from usager_server.identity.lexical import birth_name_problems, given_name_problems, is_consistent
from usager_server.identity.matricule import INVENTED, is_ins, matricule_in
from usager_server.identity.parts import value_of
from usager_server.identity.traits import UNKNOWN_PLACE, Traits, traits_of
from usager_server.requirements import fulfils
from usager_server.trusted_devices import DEVICES

COMPLETE_DATE = len("YYYY-MM-DD")
UNKNOWN_LABEL = "INCONNU"

StandingOf = Callable[[str], Standing]
"""Says of a code of the COG whether it is known here, could be one, or is none."""


def findings(
    patient: Mapping[str, Any], standing: StandingOf, today: date, *, is_production: bool, is_received: bool
) -> list[Issue]:
    """Return what is wrong (errors) or odd (warnings) in an identity, in French.

    Shape   is_production refuses invented matricules; is_received: the identity comes from a document, which is kept
            whatever is wrong in it, and told.
    """
    traits = traits_of(patient)
    found = [*_name_findings(traits), *_date_findings(traits, today), *_place_findings(traits, standing)]
    found += _device_findings(patient, today)
    found += _matricule_findings(patient, is_production)
    return [replace(issue, severity="warning") for issue in found] if is_received else found


@fulfils("INS/va1.18")
def _name_findings(traits: Traits) -> Iterator[Issue]:
    official = "Patient.name.where(use='official')"
    if traits.birth_name:
        yield from _named("nom de naissance", birth_name_problems(traits.birth_name), f"{official}.family")
    if traits.first_birth_given_name:
        found = given_name_problems(traits.first_birth_given_name)
        yield from _named("premier prénom de naissance", found, f"{official}.given")
    listed = f"{official}.extension('{words.BIRTH_GIVEN_NAMES}')"
    if traits.birth_given_names:
        yield from _named("liste des prénoms de naissance", birth_name_problems(traits.birth_given_names), listed)
    first, names = traits.first_birth_given_name, traits.birth_given_names
    if first and names and not is_consistent(first, names):
        yield _error("Le premier prénom de naissance doit être le début de la liste des prénoms de naissance", listed)


def _named(trait: str, problems: list[str], place: str) -> Iterator[Issue]:
    for problem in problems:
        yield _error(f"Trait « {trait} » : {problem}", place)


def _date_findings(traits: Traits, today: date) -> Iterator[Issue]:
    if traits.birth_date and len(traits.birth_date) < COMPLETE_DATE:
        yield _error(f"Date de naissance incomplète : {RULE}", "Patient.birthDate")
    if traits.birth_date > today.isoformat():
        yield _error("La date de naissance est dans l'avenir", "Patient.birthDate")


@fulfils("SC.INS.06")
def _place_findings(traits: Traits, standing: StandingOf) -> Iterator[Issue]:
    place = f"Patient.extension('{words.BIRTH_PLACE}')"
    code, label = traits.birth_place, traits.birth_place_label
    if code == UNKNOWN_PLACE:
        if label not in ("", UNKNOWN_LABEL):
            yield _error(f"Le code 99999 dit que le lieu est inconnu : son libellé est {UNKNOWN_LABEL}", place)
        return
    known = standing(code) if code else Standing.known
    if known is Standing.malformed:
        yield _error("Le lieu de naissance est un code du COG : commune (5 caractères) ou 99 et pays", place)
    if known is Standing.well_formed and not label:
        text = "Ce code du COG n'est pas dans le référentiel : son libellé doit être saisi à la main (city)"
        yield _error(text, place)


def _device_findings(patient: Mapping[str, Any], today: date) -> Iterator[Issue]:
    checked = evidence_of(patient).checked
    place = f"Patient.extension('{words.RELIABILITY}')"
    if checked is None:
        if value_of(reliability_of(patient), "validationDate", "valueDate"):
            yield _error("Le type de dispositif (validationMode) est obligatoire avec la date du contrôle", place)
        return
    if checked.mode and checked.mode not in DEVICES:
        yield _error(f"Le type de dispositif (validationMode) est l'un de {', '.join(DEVICES)}", place)
    if checked.day[:COMPLETE_DATE] > today.isoformat():
        yield _error("Le contrôle du dispositif ne peut pas être daté dans l'avenir", place)


@fulfils("INS/va1.08")
def _matricule_findings(patient: Mapping[str, Any], is_production: bool) -> Iterator[Issue]:
    for rank, identifier in enumerate(patient.get("identifier", ())):
        if not is_ins(identifier):
            continue
        matricule, place = matricule_in(identifier), f"Patient.identifier[{rank}]"
        if matricule is None or not matricule.is_well_formed:
            yield _error("Un matricule INS a 15 caractères : 13 chiffres (2A ou 2B en Corse) et 2 de clé", place)
        elif is_production and matricule.oid in INVENTED:
            yield _error("Les matricules de test et de démonstration sont refusés en production", place)
        elif not matricule.has_right_key and identifier.get("use") not in ("official", "old"):
            # The test platform of INSi gives some numbers with a wrong key, and so do documents: theirs wait for INSi.
            is_received = identifier.get("use") == "temp" and "source" in (patient.get("meta") or {})
            severity = "warning" if is_received or matricule.oid in INVENTED else "error"
            text = "La clé du matricule INS (2 derniers caractères) n'est pas celle des 13 premiers"
            yield Issue(severity, "business-rule", text, place)


def _error(text: str, place: str) -> Issue:
    return Issue("error", "business-rule", text, place)
