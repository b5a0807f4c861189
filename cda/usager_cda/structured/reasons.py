"""Internal references (FR-Reference-interne): why a treatment or an act <-> reasonReference and reasonCode."""

from collections.abc import Iterator

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.identifiers import build_ii, ii_from_identifier
from usager_cda.structured.kinds import FR_ENTRY, IHE
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, related, said
from usager_cda.tree import Node

TEMPLATES = (f"{IHE}1.5.3.1.4.4.1", f"{FR_ENTRY}36")


def read_reasons(statement: Statement, reading: Reading) -> Tree:
    """Return reasonReference to the entries that are in the document, reasonCode for the others.

    Shape   both lists are filled when the last entry is read, for a reason may come after what it is the reason of.
    """
    body: Tree = {"reasonCode": [], "reasonReference": []}
    found = statement.related(*TEMPLATES, type_code="RSON")
    if not found:
        return {}
    for reason in found:
        _read_one(reason, reading, body)
    return body


def _read_one(reason: Statement, reading: Reading, body: Tree) -> None:
    reason.skip("statusCode", "effectiveTime", "text")
    concept = reading.concept(reason.first("code"))
    find = reading.referred(reason, concept)

    def settle() -> None:
        target = find()
        if target is not None:
            display = said(concept)
            body["reasonReference"].append({**target, **({"display": display} if display else {})})
        elif concept is not None:
            body["reasonCode"].append(concept)

    reading.later(settle)


def build_reasons(resource: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    """Yield the relations to the reasons of a resource."""
    for reference in resource.get("reasonReference", ()):
        target = writing.find(reference, resource)
        if target is None:
            writing.report("The reason is not in the Bundle; it is left out", "reasonReference")
            continue
        yield _build_one(target.get("code") or {}, target, reference.get("display"), writing, row)
    for concept in resource.get("reasonCode", ()):
        yield _build_one(concept, None, None, writing, row)


def _build_one(concept: Tree, target: Tree | None, words: str | None, writing: Writing, row: Row) -> Node:
    made = writing.statement("act", TEMPLATES)
    known = (ii_from_identifier(each) for each in (target or {}).get("identifier", ()))
    ii = next((each for each in known if each), None)
    reference = row.say("Motif", words or said(concept))
    add(made, build_ii("id", ii or writing.new_id(target or concept)), writing.coded("code", concept, reference))
    return related("RSON", made)
