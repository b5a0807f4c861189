"""Functions of authors and participants, which the rules of the header take from one list only (JDV_J47)."""

from collections.abc import Iterator
from dataclasses import replace

from usager_cda.datatypes.codes import Code
from usager_cda.errors import Finding
from usager_cda.header import Header, Participation
from usager_cda.terminology import value_sets

LIST = "function"
WHERE = "DocumentReference.extension(document-participation).function"


def with_listed_functions(header: Header) -> tuple[Header, tuple[Finding, ...]]:
    """Return a header whose functions are those of the list, and what was changed for that.

    Shape   another code is written as a translation of what is not applicable, with its words, so that it is read back.
    Source  CI-SIS structuration minimale: author/functionCode and participant/functionCode.
    """
    made = replace(
        header,
        authors=tuple(map(_listed, header.authors)),
        participants=tuple(map(_listed, header.participants)),
    )
    return made, tuple(_told(header, made))


def _listed(part: Participation) -> Participation:
    code = part.function
    if code is None or code.code is None or value_sets()[LIST].find(code.system or "", code.code) is not None:
        return part
    plain = code._replace(translations=(), text=None)
    words = code.text or code.display
    return replace(part, function=Code(text=words, translations=(plain, *code.translations), null="NA"))


def _told(before: Header, after: Header) -> Iterator[Finding]:
    known = (*before.authors, *before.participants)
    for part, made in zip(known, (*after.authors, *after.participants), strict=True):
        if part != made and part.function is not None:
            name = value_sets()[LIST].name
            text = f"The function {part.function.code} is not of {name}; it is written as a translation of no function"
            yield Finding("warning", text, expression=WHERE)
