"""The answers of the stand-in, with the freedoms that real ones take: dates before or after the number, no key."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from usager_server.national.insi.stand_in.persons import Person
from usager_server.national.insi.stand_in.soap import answered
from usager_server.sandbox.stand_in import Answer

RESULT = "http://www.cnamts.fr/INSiResultat"
UNIT, LOT = "http://www.cnamts.fr/INSiLot2/REPUnitaire", "http://www.cnamts.fr/INSiLot2/REPLot"
LABELS = {"00": "OK", "01": "Aucune identite trouvee", "02": "Plusieurs identites trouvees"}
VERIFIED = {"00": "OK", "01": "Identite non concordante"}
LOTS = {"00": "OK", "10": "Lot en cours de traitement", "11": "Lot inconnu"}


def result(code: str, person: Person | None, turn: int) -> Answer:
    """Return the answer to a search."""

    def build(root: Any) -> None:
        _outcome(root, RESULT, code, LABELS[code])
        if person is not None:
            _individual(root, person, turn)

    return answered("RESULTAT", RESULT, build, turn)


def verified(code: str, turn: int) -> Answer:
    """Return the answer to a verification."""
    return answered("RESULTAT", UNIT, lambda root: _outcome(root, UNIT, code, VERIFIED[code]), turn)


def receipt(turn: int) -> Answer:
    """Return the answer to a deposit."""
    return answered("RESULTAT", LOT, lambda root: _outcome(root, LOT, "00", LOTS["00"]), turn)


def lot(code: str, codes: Mapping[str, str], turn: int) -> Answer:
    """Return the answer to a collection."""

    def build(root: Any) -> None:
        _outcome(root, LOT, code, LOTS[code])
        for reference, each in codes.items():
            _add(etree.SubElement(root, f"{{{LOT}}}Element", Reference=reference), LOT, "CodeCR", each)

    return answered("RESULTAT", LOT, build, turn)


def _individual(root: Any, person: Person, turn: int) -> None:
    individual = etree.SubElement(root, f"{{{RESULT}}}INDIVIDU")
    _ins(individual, "INSACTIF", person.number, person.oid, ("", ""), turn)
    for number, start, end in person.history:
        _ins(individual, "INSHISTO", number, person.oid, (start, end), turn + 1)
    traits = etree.SubElement(individual, f"{{{RESULT}}}TIQ")
    _add(traits, RESULT, "NomNaissance", person.birth_name)
    _add(traits, RESULT, "ListePrenom", person.given_names)
    _add(traits, RESULT, "Sexe", person.sex)
    _add(traits, RESULT, "DateNaissance", person.birth_date)
    _add(traits, RESULT, "LieuNaissance", person.birth_place)


def _ins(parent: Any, name: str, number: str, oid: str, dates: tuple[str, str], turn: int) -> None:
    """Add a number: its dates before it or after it, its key left out when it is the one that anybody can compute."""
    made = etree.SubElement(parent, f"{{{RESULT}}}{name}")
    if turn % 2:
        _dates(made, dates)
    identifier = etree.SubElement(made, f"{{{RESULT}}}IdIndividu")
    _add(identifier, RESULT, "NumIdentifiant", number[:13])
    if turn % 4 != 3 or not _has_right_key(number):
        _add(identifier, RESULT, "Cle", number[13:])
    _add(made, RESULT, "OID", oid)
    if not turn % 2:
        _dates(made, dates)


def _has_right_key(number: str) -> bool:
    digits = number[:13].replace("2A", "19").replace("2B", "18")
    return digits.isdecimal() and number[13:] == f"{97 - int(digits) % 97:02d}"


def _dates(parent: Any, dates: tuple[str, str]) -> None:
    for name, value in zip(("DateDeb", "DateFin"), dates, strict=True):
        if value:
            _add(parent, RESULT, name, value)


def _outcome(root: Any, namespace: str, code: str, label: str) -> None:
    outcome = etree.SubElement(root, f"{{{namespace}}}CR")
    _add(outcome, namespace, "CodeCR", code)
    _add(outcome, namespace, "LibelleCR", label)


def _add(parent: Any, namespace: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = text
