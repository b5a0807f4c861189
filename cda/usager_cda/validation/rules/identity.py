"""Whose document it is, and which one: the person, the matricule INS, the identifiers of the document."""

import re
from collections.abc import Iterator

from usager_cda.systems import OID, UUID
from usager_cda.tree import attribute, child, children
from usager_cda.validation.report import Remark, remark
from usager_cda.validation.subject import Subject

INS_ROOTS = frozenset(f"1.2.250.1.213.1.4.{number}" for number in (8, 9, 10, 11))
MATRICULE = re.compile(r"[1-478][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}[0-9]{2}")
CORSICA = {"2A": "19", "2B": "18"}
LONGEST_UID = 64


def record_target(subject: Subject) -> Iterator[Remark]:
    """A document is about one person."""
    found = children(subject.root, "recordTarget")
    for another in found[1:]:
        yield remark(
            "record-target", "error", "A second recordTarget: nobody can tell whose document it is", another, "one"
        )


def ins(subject: Subject) -> Iterator[Remark]:
    """A matricule INS has 15 characters, of which the last two are the key of the 13 others.

    Source  INSEE, NIR: 97 less the remainder of the number by 97, 2A counted as 19 and 2B as 18.
    """
    for identifier in subject.patient_ids:
        if identifier.get("root") not in INS_ROOTS:
            continue
        matricule = identifier.get("extension", "")
        if not MATRICULE.fullmatch(matricule):
            text = f"The matricule INS has {len(matricule)} characters, or others than it may have"
            yield remark("ins-form", "error", text, identifier, "15: a NIR and its key")
        elif not key_is_right(matricule):
            yield remark("ins-key", "error", "The key of the matricule INS is not that of the number", identifier)


def key_is_right(matricule: str) -> bool:
    """Tell whether the key of a NIR is right."""
    number, key = matricule[:13], matricule[13:]
    digits = number[:5] + CORSICA.get(number[5:7], number[5:7]) + number[7:]
    return 97 - int(digits) % 97 == int(key)


def document_id(subject: Subject) -> Iterator[Remark]:
    """The id of a document is an OID or a UUID that an XDS registry can carry."""
    for name in ("id", "setId"):
        identifier = child(subject.root, name)
        root = attribute(identifier, "root")
        if root is None:
            continue
        if not OID.fullmatch(root) and not UUID.fullmatch(root):
            yield remark(
                "document-id", "error", f"The root of {name} is neither an OID nor a UUID", identifier, "an OID"
            )
        elif len(root) > LONGEST_UID:
            text = f"The root of {name} has {len(root)} characters"
            yield remark("document-id", "error", text, identifier, f"at most {LONGEST_UID}")


def version(subject: Subject) -> Iterator[Remark]:
    """A version after the first one says which document it replaces."""
    number = child(subject.root, "versionNumber")
    value = attribute(number, "value") or ""
    related = children(subject.root, "relatedDocument")
    if value.isascii() and value.isdecimal() and int(value) > 1 and not related:
        text = f"Version {value} does not say which document it replaces"
        yield remark("version-replaces", "warning", text, number, "a relatedDocument of typeCode RPLC")


RULES = {
    "record-target": record_target,
    "ins-form": ins,
    "ins-key": ins,
    "document-id": document_id,
    "version-replaces": version,
}
