"""What a message of the feed says: who sent it, what happened, and the person.

Source  IHE PAM [ITI-30], with the French constraints: PID-32 bears the status, PID-11 of type BDL the place of birth.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from usager_server.identity.birth_dates import completed
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import KINDS, Matricule
from usager_server.pam.er7 import DELETED, Components, Er7Error, Lines, Segment

MERGE = "A40"
EVENTS = ("A04", "A08", "A28", "A31", MERGE)
VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6")
PROCESSINGS = ("P", "T", "D")
STATUSES = ("PROV", "VALI")
SEXES = {"M": "M", "F": "F", "U": "I", "O": "I", "A": "I", "N": "I"}
LOCAL, INS, BIRTH_PLACE = "PI", "INS", "BDL"
OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
DAY = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:[0-9]{2}){0,3}(?:\.[0-9]{1,4})?)?)?(?:[+-][0-9]{4})?", re.ASCII
)
"""AAAA, AAAAMM or AAAAMMJJ, and the time of day that may follow (TS); 1951-03-12 is not the year 1951."""
ID_LENGTH_MOST = 50


@dataclass(frozen=True, slots=True)
class Number:
    """A local number of a person, under the OID of who gives it."""

    oid: str
    value: str


@dataclass(frozen=True, slots=True)
class Person:
    """What PID says.

    Shape   traits by their name in `Traits`; "" takes one away, one that is not there stays as it is. code is PROV or
            VALI; matricules are in force, old those before.
    """

    numbers: tuple[Number, ...]
    traits: Mapping[str, str | bool]
    code: str
    attributes: frozenset[Attribute] = frozenset()
    matricules: tuple[Matricule, ...] = ()
    old: tuple[Matricule, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Shape   sender is MSH-3 and MSH-4 as they are written; merged: the numbers of the record that gives way to that of
            the person (A40), none for another event.
    """

    sender: str
    control_id: str
    event: str
    person: Person
    merged: tuple[Number, ...] = ()


def read(lines: Lines) -> Message:
    """Return what a message says. Errors: Er7Error with the place, and the code of table 0357."""
    header = lines.header
    event = _event(header)
    person = _person(_only(lines, "PID"))
    merged = tuple(_numbers(_only(lines, "MRG"), 1)) if event == MERGE else ()
    # Some name in PID-3 every number of the person, the one that goes included.
    staying = tuple(each for each in person.numbers if each not in merged)
    if not staying:
        raise Er7Error("MRG-1 nomme le dossier qui disparaît, par d'autres numéros que celui qui reste", "MRG-1", "102")
    person = replace(person, numbers=staying)
    return Message(f"{header.raw(3)}|{header.raw(4)}", header.text(10), event, person, merged)


def _event(header: Segment) -> str:
    said = header.repetitions(9)
    kind, event = (said[0].text(1), said[0].text(2)) if said else ("", "")
    if kind != "ADT":
        raise Er7Error("seuls les messages ADT sont lus", "MSH-9", "200")
    if event not in EVENTS:
        raise Er7Error(f"événement inconnu ; sont lus {', '.join(EVENTS)}", "MSH-9", "201")
    if not 0 < len(header.text(10)) <= ID_LENGTH_MOST:
        raise Er7Error(
            f"l'identifiant du message est obligatoire, en {ID_LENGTH_MOST} caractères au plus", "MSH-10", "101"
        )
    if header.text(11) not in PROCESSINGS:
        raise Er7Error("le mode de traitement est P, T ou D", "MSH-11", "202")
    if header.text(12) not in VERSIONS:
        raise Er7Error(f"version inconnue ; sont lues {', '.join(VERSIONS)}", "MSH-12", "203")
    return event


def _only(lines: Lines, name: str) -> Segment:
    found = lines.all(name)
    if len(found) != 1:
        raise Er7Error(f"il faut un segment {name} et un seul", name, "100")
    return found[0]


def _person(pid: Segment) -> Person:
    code, attributes = _reliability(pid)
    traits = {**_birth_name(pid), **_used_name(pid), **_birth(pid), **_birth_place(pid)}
    matricules = [(each, matricule) for each in pid.repetitions(3) if (matricule := _matricule(each))]
    in_force = tuple(dict.fromkeys(found for each, found in matricules if not each.text(8)))
    if len(in_force) > 1:
        raise Er7Error("une personne a un matricule INS en vigueur au plus ; les anciens ont une fin (CX-8)", "PID-3")
    old = tuple(found for each, found in matricules if each.text(8))
    return Person(tuple(_numbers(pid, 3)), traits, code, attributes, in_force, old)


def _numbers(segment: Segment, number: int) -> list[Number]:
    """Return the local numbers (type PI) of a field. Errors: Er7Error when there is none, or one without an OID."""
    found = list(_local(segment, number))
    if not found:
        text = "il faut au moins un identifiant local de type PI (numéro^^^domaine&OID&ISO^PI)"
        raise Er7Error(text, f"{segment.name}-{number}", "101")
    return found


def _local(segment: Segment, number: int) -> Iterator[Number]:
    for each in segment.repetitions(number):
        if each.text(5) != LOCAL:
            continue
        oid = each.text(4, 2)
        if not each.text(1) or each.text(1) == DELETED or not OID.fullmatch(oid) or each.text(4, 3) != "ISO":
            raise Er7Error("un identifiant local a une valeur, et un domaine nommé par son OID", each.place, "102")
        yield Number(oid, each.text(1))


def _matricule(each: Components) -> Matricule | None:
    """Return the matricule INS of a repetition, None for another number.

    Errors  Er7Error when its type and its authority do not agree: matricule and OID never go one without the other.
    """
    oid, is_typed = each.text(4, 2), each.text(5) == INS
    if not is_typed and (oid not in KINDS or each.text(5) != ""):
        return None
    if oid not in KINDS or not each.text(1):
        raise Er7Error("un matricule INS va avec son OID (matricule^^^domaine&OID&ISO^INS)", each.place, "103")
    return Matricule(each.text(1), oid)


def _reliability(pid: Segment) -> tuple[str, frozenset[Attribute]]:
    said = {each.text(1) for each in pid.repetitions(32)}
    codes = [code for code in STATUSES if code in said]
    if len(codes) != 1:
        raise Er7Error("le statut de l'identité est obligatoire : PROV ou VALI", "PID-32", "101")
    attributes = frozenset(each for each in Attribute if str(each) in said)
    if Attribute.fictive in attributes and len(attributes) > 1:
        raise Er7Error("une identité fictive n'est ni douteuse ni homonyme", "PID-32", "103")
    return codes[0], attributes


def _birth_name(pid: Segment) -> dict[str, str]:
    found = [each for each in pid.repetitions(5) if each.text(7) == "L"]
    if len(found) != 1 or found[0].text(1) in ("", DELETED) or found[0].text(2) in ("", DELETED):
        text = "il faut un nom de type L, avec le nom et le premier prénom de naissance"
        raise Er7Error(text, "PID-5", "101")
    made = {"birth_name": found[0].text(1), "first_birth_given_name": found[0].text(2)}
    return made | _said("birth_given_names", found[0].text(3))


def _used_name(pid: Segment) -> dict[str, str]:
    found = next((each for each in pid.repetitions(5) if each.text(7) == "D"), None)
    return {} if found is None else _said("used_name", found.text(1)) | _said("used_given_name", found.text(2))


def _birth(pid: Segment) -> dict[str, str | bool]:
    day, sex = DAY.fullmatch(pid.text(7)), pid.text(8)
    if sex not in SEXES:
        raise Er7Error("le sexe est M, F ou U", "PID-8", "103" if sex else "101")
    try:
        text, is_estimated = completed("-".join(part for part in day.groups() if part) if day else "")
    except ValueError as error:
        raise Er7Error("la date de naissance est AAAAMMJJ", "PID-7", "102" if day else "101") from error
    return {"birth_date": text, "birth_date_estimated": is_estimated, "sex": SEXES[sex]}


def _birth_place(pid: Segment) -> dict[str, str]:
    found = next((each for each in pid.repetitions(11) if each.text(7) == BIRTH_PLACE), None)
    return {} if found is None else _said("birth_place", found.text(9)) | _said("birth_place_label", found.text(3))


def _said(name: str, text: str) -> dict[str, str]:
    """Return a trait that a message names, "" for one that it takes away, nothing for one of which it is silent."""
    return {name: "" if text == DELETED else text} if text else {}
