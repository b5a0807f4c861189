"""Whether the person a document names is the one a record is about: the strict traits of the INS, compared."""

from collections.abc import Callable, Mapping
from typing import Any

from usager_cda.fhir.assembly import normalised
from usager_cda.fhir.patient import patient_from_resource
from usager_cda.header import Patient

Resource = Mapping[str, Any]


def differing_traits(stated: Resource, known: Resource) -> list[str]:
    """Return the traits that both Patients state and that differ: birth name, first given name, birth date, sex, COG.

    Source  ins.md 5 (SENTINELLE.20): same matricule and other traits are a matter for a person.
    """
    one, other = (patient_from_resource(dict(each), lambda _: None) for each in (stated, known))
    return [name for name, trait in TRAITS.items() if _differ(trait(one), trait(other))]


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other) and one != other


def _birth_name(patient: Patient) -> str | None:
    return normalised(patient.name.family("BR") or "")


def _first_given_name(patient: Patient) -> str | None:
    return normalised(patient.name.given("BR") or "")


def _birth_date(patient: Patient) -> str | None:
    return patient.birth


def _sex(patient: Patient) -> str | None:
    code = patient.gender.code if patient.gender else None
    return None if code == "UN" else code


def _birth_place(patient: Patient) -> str | None:
    return patient.birthplace.part("county") if patient.birthplace else None


TRAITS: Mapping[str, Callable[[Patient], str | None]] = {
    "birth name": _birth_name,
    "first given name": _first_given_name,
    "birth date": _birth_date,
    "sex": _sex,
    "birth place": _birth_place,
}
