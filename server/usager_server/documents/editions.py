"""Which edition of a document a DocumentReference tells of: what makes it the same, newer or older than another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_cda.fhir.names import VERSION
from usager_cda.systems import DOCUMENT_SETS

Resource = Mapping[str, Any]
Token = str


@dataclass(frozen=True, slots=True)
class Edition:
    """The identity of one version of a document.

    Shape   tokens are search tokens (system|value): id of this version, set of all its versions, parents those it
            replaces. hash is that of its bytes.
    """

    id: Token
    set: Token | None
    version: int
    hash: str | None
    parents: Sequence[Token]


def edition_of(document: Resource) -> Edition:
    """Return the edition of a DocumentReference; without a version number it is the first."""
    sets = (each for each in document.get("identifier", ()) if each.get("system") == DOCUMENT_SETS)
    versions = (each.get("valueString", "") for each in document.get("extension", ()) if each.get("url") == VERSION)
    number = next(versions, "1")
    replaced = (each["target"] for each in document.get("relatesTo", ()) if each.get("code") == "replaces")
    return Edition(
        id=token(document.get("masterIdentifier") or {}),
        set=next(map(token, sets), None),
        version=int(number) if number.isdecimal() and len(number) < 10 else 1,
        hash=next((each.get("attachment", {}).get("hash") for each in document.get("content", ())), None),
        parents=[token(target["identifier"]) for target in replaced if target.get("identifier")],
    )


def token(identifier: Resource) -> Token:
    """Return an Identifier as a search token, its special characters escaped."""
    return "|".join(_escaped(str(identifier.get(name, ""))) for name in ("system", "value"))


def _escaped(text: str) -> str:
    return "".join("\\" + letter if letter in "\\,$|" else letter for letter in text)
