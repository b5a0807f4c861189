"""The sections of a model of the CI-SIS (`usager_cda/models`) as those of an outline: same order, titles and codes."""

from collections.abc import Mapping, Sequence
from functools import cache

from usager_cda.datatypes.codes import concept_from_code
from usager_cda.structured import registry
from usager_cda.structured.kinds import Slot
from usager_cda.systems import url_of
from usager_cda.terminology import value_sets
from usager_server.documents.prefill.outline import Fill, Outline, Part, Tree

PDF_COPY = "55108-5"

Fills = Mapping[str, tuple[Fill, ...]]


def parts_of_model(name: str, fills: Fills) -> Sequence[Part]:
    """Return the sections of a model; the PDF copy, which is made with the document, is none of them."""
    return [part for slot in registry.models()[name].slots if (part := _part(slot, fills)) is not None]


def _part(slot: Slot, fills: Fills) -> Part | None:
    section = registry.sections()[slot.section]
    code = section.code.code or ""
    if code == PDF_COPY:
        return None
    inside = tuple(part for each in slot.inside if (part := _part(each, fills)) is not None)
    return Part(
        title=slot.title or section.title,
        fills=() if inside else fills.get(code, ()),
        code=concept_from_code(section.code),
        parts=inside,
        in_words=not section.entries,
    )


@cache
def type_of(outline: Outline, code: str) -> Tree:
    """Return the type of a document as a CodeableConcept, labelled as its model or the code lists do."""
    model = registry.models().get(outline.model or "")
    labels = [each.display for each in (model.codes if model else ()) if each.code == code]
    listed = value_sets()["type"].find(outline.system, code)
    display = next(filter(None, [*labels, listed.display if listed else None]), None)
    label = {"display": display} if display else {}
    return {"coding": [{"system": url_of(outline.system), "code": code, **label}]}


def title_of(outline: Outline, code: str) -> str:
    """Return the title of a document: that of the outline, that of the model, else the label of its type."""
    model = registry.models().get(outline.model or "")
    label: str = type_of(outline, code)["coding"][0].get("display", outline.name)
    return outline.title or (model.title if model and model.title else label)


@cache
def tokens_of(value_set: str) -> Sequence[str]:
    """Return the codes of a value set of the documents as search tokens."""
    return [f"{url_of(code.system)}|{code.code}" for code in value_sets()[value_set].codes]
