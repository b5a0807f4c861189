"""Userinfo -> who the professional is and in which situations they may work; lenient on shape, strict on size.

Keys move from one level to another over the years, and every value may be an empty text (psc.md 7.2): what is not known
is left aside, what is empty is absent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.accounts.rpps import is_rpps
from usager_server.accounts.session import Exercise
from usager_server.errors import ServiceRefused

TEXT_CHARACTERS = 255
MOST_SITUATIONS = 50


@dataclass(frozen=True, slots=True)
class ProfessionalIdentity:
    """A professional, as the national directory knows them.

    Shape   national_id: SubjectNameID, never taken apart; rpps: 11 digits, None when there is none; profession: the
            code of the first role; situations: one for each activity, or for each exercise without any.
    """

    subject: str
    national_id: str
    rpps: str | None
    family: str
    given: str
    profession: str | None
    situations: tuple[Exercise, ...]


def identity_of(found: Mapping[str, Any], subject: str) -> ProfessionalIdentity:
    """Return the identity in userinfo.

    Errors  ServiceRefused when it is about another subject than the id_token, or has no national identifier.
    """
    if found.get("sub") != subject:
        raise ServiceRefused("userinfo is about another subject than the id_token")
    national_id = _text(found, "SubjectNameID") or _text(found, "preferred_username")
    if national_id is None:
        raise ServiceRefused("userinfo holds no national identifier")
    sector = (_text(found, "Secteur_Activite") or "").partition("^")[0]
    return ProfessionalIdentity(
        subject,
        national_id,
        _rpps(found, national_id),
        _text(found, "family_name") or "",
        _text(found, "given_name") or "",
        next((code for role in _texts(found, "SubjectRole") if (code := role.partition("^")[0])), None),
        tuple(_situations(found, sector))[:MOST_SITUATIONS],
    )


def _rpps(found: Mapping[str, Any], national_id: str) -> str | None:
    """Return the RPPS: otherIds says it; the one reading of the identifier itself that is tolerated comes second."""
    for other in _objects(found, "otherIds"):
        value = _text(other, "identifiant") or ""
        if _text(other, "origine") == "RPPS" and is_rpps(value):
            return value
    if len(national_id) == 12 and national_id.startswith("8") and is_rpps(national_id[1:]):
        return national_id[1:]
    return None


def _situations(found: Mapping[str, Any], sector: str) -> Iterator[Exercise]:
    reference = found.get("SubjectRefPro")
    if not isinstance(reference, dict):
        return
    for exercise in _objects(reference, "exercices"):
        profession = f"{_text(exercise, 'codeProfession') or ''}{_text(exercise, 'codeCategorieProfessionnelle') or ''}"
        activities = list(_objects(exercise, "activities"))
        if profession and not activities:
            yield Exercise(profession, 0, sector)
        for index, activity in enumerate(activities):
            yield Exercise(
                profession,
                index,
                _text(activity, "codeSecteurDactivite") or sector,
                _structure(activity),
                _text(activity, "raisonSocialeSite") or _text(activity, "enseigneCommercialeSite") or "",
            )


def _structure(activity: Mapping[str, Any]) -> str:
    """Return the identifier of the place of an activity: FINESS, else SIRET, else the directory's own."""
    names = ("numeroFinessSite", "numeroSiretSite", "identifiantTechniqueDeLaStructure")
    return next((value for name in names if (value := _text(activity, name))), "")


def _text(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_CHARACTERS or not value.isprintable():
        return None
    return value.strip()


def _texts(found: Mapping[str, Any], name: str) -> Sequence[str]:
    value = found.get(name)
    texts = value if isinstance(value, list) else [value]
    return [it for it in texts if isinstance(it, str) and it.strip() and len(it) <= TEXT_CHARACTERS]


def _objects(found: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    value = found.get(name)
    if isinstance(value, list):
        yield from (it for it in value if isinstance(it, dict))
