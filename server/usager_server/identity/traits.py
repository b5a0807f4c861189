"""The traits of an identity: strict ones (of birth) and used names, in a Patient of FR Core and out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from usager_server.birthplaces.code_systems import COMMUNES, COUNTRIES
from usager_server.identity import words
from usager_server.identity.parts import Tree, extension_of, value_of, with_extension, with_list

SEXES = {"male": "M", "female": "F", "other": "I", "unknown": "I"}
GENDERS = {"M": "male", "F": "female", "I": "unknown"}
UNKNOWN_PLACE = "99999"
PLACE_SYSTEMS = (COMMUNES, COUNTRIES)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a person is told apart by; "" where nothing is known.

    Shape   birth_given_names is one text, names separated by spaces; sex "M", "F" or "I" (indeterminate); birth_date is
            ISO text, YYYY-MM-DD once completed; birth_place a code of the COG, 99999 when nobody knows it.
    Source  RNIV; FR Core fr-core-patient-ins.
    """

    birth_name: str = ""
    first_birth_given_name: str = ""
    birth_given_names: str = ""
    sex: str = ""
    birth_date: str = ""
    birth_date_estimated: bool = False
    birth_place: str = ""
    birth_place_label: str = ""
    used_name: str = ""
    used_given_name: str = ""


STRICT = ("birth_name", "first_birth_given_name", "birth_given_names", "sex", "birth_date", "birth_place")
"""The traits that a matricule INS belongs to."""


def traits_of(patient: Mapping[str, Any]) -> Traits:
    """Return the traits of a Patient.

    Shape   the birth name is that of use "official", else of no use at all; without an extension for the list of given
            names, several given names are that list. The COG is read in the extension of FR Core 2.1 and 2.2, else in
            `district`, where later builds put it.
    """
    official, usual = official_name(patient) or {}, _name(patient, "usual") or {}
    given = [each for each in official.get("given", ()) if each]
    listed = value_of(official, words.BIRTH_GIVEN_NAMES, "valueString")
    place = value_of(patient, words.BIRTH_PLACE, "valueAddress") or {}
    return Traits(
        birth_name=official.get("family", ""),
        first_birth_given_name=given[0] if given else "",
        birth_given_names=listed or (" ".join(given) if len(given) > 1 else ""),
        sex=SEXES.get(patient.get("gender", ""), ""),
        birth_date=patient.get("birthDate", ""),
        birth_date_estimated=value_of(patient.get("_birthDate"), words.ESTIMATED, "valueBoolean") is True,
        birth_place=place_code(place),
        birth_place_label=place.get("city", ""),
        used_name=usual.get("family", ""),
        used_given_name=" ".join(each for each in usual.get("given", ()) if each),
    )


def with_traits(patient: Mapping[str, Any], traits: Traits) -> Tree:
    """Return the Patient with these traits; what is none (titles, addresses, other names) stays as it is."""
    made = dict(patient)
    made = with_extension(made, words.BIRTH_PLACE, _birth_place(patient, traits))
    made = _with_name(made, "official", _official(official_name(patient), traits))
    made = _with_name(made, "usual", _usual(_name(patient, "usual"), traits))
    made = _with_text(made, "gender", GENDERS.get(traits.sex, ""))
    made = _with_text(made, "birthDate", traits.birth_date)
    mark = {"valueBoolean": True} if traits.birth_date_estimated else None
    marked = with_extension(made.get("_birthDate"), words.ESTIMATED, mark)
    return {key: value for key, value in made.items() if key != "_birthDate"} | (
        {"_birthDate": marked} if marked else {}
    )


def official_name(patient: Mapping[str, Any]) -> Tree | None:
    """Return the name of birth: that of use "official", else the first of no use."""
    return _name(patient, "official") or _name(patient, None)


def place_code(address: Mapping[str, Any]) -> str:
    """Return the code of the COG in the address of a place of birth, "" without one."""
    code = (value_of(address, words.INSEE_CODE, "valueCoding") or {}).get("code", "")
    return str(code or address.get("district", ""))


def _name(patient: Mapping[str, Any], use: str | None) -> Tree | None:
    return next((each for each in patient.get("name", ()) if each.get("use") == use), None)


def _official(known: Tree | None, traits: Traits) -> Tree:
    listed = {"valueString": traits.birth_given_names} if traits.birth_given_names else None
    made = with_extension(known, words.BIRTH_GIVEN_NAMES, listed)
    made = _with_text(made | {"use": "official"}, "family", traits.birth_name)
    return with_list(made, "given", [traits.first_birth_given_name] if traits.first_birth_given_name else [])


def _usual(known: Tree | None, traits: Traits) -> Tree:
    made = _with_text({**(known or {}), "use": "usual"}, "family", traits.used_name)
    if traits.used_given_name == " ".join(each for each in (known or {}).get("given", ()) if each):
        return made
    return with_list(made, "given", [traits.used_given_name] if traits.used_given_name else [])


def _with_name(patient: Tree, use: str, name: Tree) -> Tree:
    """Put a name in the place of the one that was read, so that a rewriting changes nothing else."""
    replaced = official_name(patient) if use == "official" else _name(patient, use)
    kept = list(patient.get("name", ()))
    if replaced is None:
        return with_list(patient, "name", [*kept, name] if len(name) > 1 else kept)
    at = next(index for index, each in enumerate(kept) if each is replaced)
    return with_list(patient, "name", [*kept[:at], *([name] if len(name) > 1 else []), *kept[at + 1 :]])


def _birth_place(patient: Mapping[str, Any], traits: Traits) -> Tree | None:
    known = dict((extension_of(patient, words.BIRTH_PLACE) or {}).get("valueAddress") or {})
    if place_code(known) != traits.birth_place:
        # What else was said of the place (country, département) was said of another one.
        coding = {"system": COUNTRIES if is_abroad(traits.birth_place) else COMMUNES, "code": traits.birth_place}
        known = with_extension({}, words.INSEE_CODE, {"valueCoding": coding} if traits.birth_place else None)
    made = _with_text(known, "city", traits.birth_place_label)
    return {"valueAddress": made} if made else None


def is_abroad(code: str) -> bool:
    """Say whether a code of the COG is that of a country; nobody knows whether 99999 is abroad."""
    return code.startswith("99") and code != UNKNOWN_PLACE


def _with_text(element: Tree, name: str, value: str) -> Tree:
    made = {key: each for key, each in element.items() if key != name or value}
    return made | {name: value} if value else made
