"""Where a document came from, and which documents of a text came from elsewhere: accesses to these are told apart.

A tag in `meta` says it, on the DocumentReference, the file and the Composition of a document that was received.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from usager_server.canonicals import canonical
from usager_server.jsontext import parse_json
from usager_server.requirements import fulfils

SYSTEM: Final = canonical("CodeSystem", "document-origin")
FACES = frozenset(("DocumentReference", "Composition", "Binary"))
"""What a document is here: how it is found, what it says, its file."""
DETAIL: Final = "document-from-"
"""What the name of the detail begins with, in a trace of them; an index of the traces has it."""

Resource = Mapping[str, Any]


class From(StrEnum):
    """Where a document came from: the codes of the tag."""

    DMP = "dmp"
    MSS = "mss"
    LOCAL = "local"


ELSEWHERE = (From.DMP, From.MSS)

_SHOWN: Mapping[From, tuple[str, str]] = {
    From.DMP: ("DMP / Mon espace santé", "Document importé du DMP de la personne."),
    From.MSS: ("MSSanté", "Document reçu par messagerie sécurisée de santé."),
    From.LOCAL: ("Dépôt local", "Document déposé à la main, ou par un logiciel de la structure."),
}

CODE_SYSTEM: Mapping[str, Any] = {
    "resourceType": "CodeSystem",
    "id": "document-origin",
    "url": SYSTEM,
    "name": "DocumentOrigin",
    "title": "D'où un document est venu",
    "status": "active",
    "caseSensitive": True,
    "content": "complete",
    "concept": [{"code": each.value, "display": _SHOWN[each][0], "definition": _SHOWN[each][1]} for each in From],
}


def tag(origin: From) -> dict[str, str]:
    """Return the tag of a document that came from there."""
    return {"system": SYSTEM, "code": origin.value, "display": _SHOWN[origin][0]}


def origin_of(resource: Resource) -> From | None:
    """Return from where elsewhere a document came, None when it did not or is none."""
    if resource.get("resourceType") not in FACES:
        return None
    meta = resource.get("meta")
    tags = meta.get("tag", ()) if isinstance(meta, dict) else ()
    codes = {each.get("code") for each in tags if isinstance(each, dict) and each.get("system") == SYSTEM}
    return next((origin for origin in ELSEWHERE if origin in codes), None)


def detail_name(origin: From) -> str:
    """Return under which name the detail of a trace tells the documents that came from there."""
    return f"{DETAIL}{origin}"


@fulfils("SC.DMP/CONF.14")
def documents_in(text: str) -> dict[str, list[str]]:
    """Return the documents from elsewhere in the JSON of a resource or a Bundle, by the name of their detail.

    Shape   {"document-from-dmp": ["DocumentReference/1"]}.
    Time    one look for a word; only a text that holds it is parsed.
    """
    found: dict[str, list[str]] = {}
    if SYSTEM in text:
        for resource in _resources(parse_json(text.encode())):
            if (origin := origin_of(resource)) is not None:
                names, name = found.setdefault(detail_name(origin), []), _name(resource)
                names += [] if name in names else [name]
    return found


def of_version(resource_type: str, resource_id: str, tail: str) -> dict[str, list[str]]:
    """Return the same of a version that is being made; tail is its text from the number of the version on."""
    if SYSTEM not in tail or resource_type not in FACES:
        return {}
    start = f'{{"resourceType":"{resource_type}","id":"{resource_id}","meta":{{"versionId":"'
    return documents_in(tail if tail.startswith("{") else start + tail)


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '')}"


def _resources(tree: Any) -> Iterator[Resource]:
    """Yield every resource of a tree."""
    if isinstance(tree, dict):
        if "resourceType" in tree:
            yield tree
        for value in tree.values():
            yield from _resources(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _resources(value)
