"""The answers of the searches: RESULTAT -> Reply, whatever prefixes and order INSi chose."""

import re
from typing import Any

from usager_server.errors import ServiceRefused
from usager_server.national.insi.messages import FOUND, Individual, Ins, Number, Reply, Traits
from usager_server.national.insi.names import RESULT, tag
from usager_server.national.insi.xml import child, children, text_of

MOST_HISTORY = 50
CODE = re.compile(r"[0-9A-Za-z]{1,10}")
ANY = re.compile(r"[^\x00-\x1f]{1,200}")
BODY = re.compile(r"\d{6}[A-Za-z0-9]\d{6}")
KEY = re.compile(r"\d{2}")
OID = re.compile(r"[0-2](\.\d{1,12}){1,20}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SEX = re.compile(r"[MF]")
PLACE = re.compile(r"\d[\dAB]\d{3}")


def reply_of(body: Any) -> Reply:
    """Return what RESULTAT says.

    Errors  ServiceRefused when it is not RESULTAT, or when an identity in it is not whole: nothing of it is used then.
    Source  ins.md 4.2; DateDeb and DateFin come before or after IdIndividu, so order tells nothing.
    """
    if body.tag != tag(RESULT, "RESULTAT"):
        raise ServiceRefused("the answer is not RESULTAT")
    outcome = child(body, RESULT, "CR")
    code, label = text_of(outcome, RESULT, "CodeCR", CODE), text_of(outcome, RESULT, "LibelleCR", ANY, least=0)
    if code != FOUND:
        return Reply(code, label)
    return Reply(code, label, _individual(child(body, RESULT, "INDIVIDU")))


def _individual(element: Any) -> Individual:
    history = tuple(ins_of(it, RESULT) for it in children(element, RESULT, "INSHISTO"))
    if len(history) > MOST_HISTORY:
        raise ServiceRefused(f"the answer has more than {MOST_HISTORY} matricules of the past")
    return Individual(
        ins_of(child(element, RESULT, "INSACTIF"), RESULT), traits_of(child(element, RESULT, "TIQ"), RESULT), history
    )


def ins_of(element: Any, namespace: str) -> Ins:
    """Return a matricule with its OID."""
    number = child(element, namespace, "IdIndividu")
    return Ins(
        Number(
            text_of(number, namespace, "NumIdentifiant", BODY).upper(),
            text_of(number, namespace, "Cle", KEY, least=0),
            text_of(number, namespace, "TypeMatricule", ANY, least=0),
        ),
        text_of(element, namespace, "OID", OID),
        text_of(element, namespace, "DateDeb", DATE, least=0),
        text_of(element, namespace, "DateFin", DATE, least=0),
    )


def traits_of(element: Any, namespace: str) -> Traits:
    """Return the traits, as they came."""
    return Traits(
        birth_name=text_of(element, namespace, "NomNaissance", ANY),
        given_name=text_of(element, namespace, "Prenom", ANY, least=0),
        given_names=text_of(element, namespace, "ListePrenom", ANY),
        sex=text_of(element, namespace, "Sexe", SEX),
        birth_date=text_of(element, namespace, "DateNaissance", DATE),
        birth_place=text_of(element, namespace, "LieuNaissance", PLACE, least=0),
    )
