"""What points at something in the document: anchors of the narrative, media, ids of entries."""

from collections.abc import Iterator

from usager_cda.tree import Element, children
from usager_cda.validation.report import Remark, remark
from usager_cda.validation.subject import Subject

INTERNAL_REFERENCE = "1.3.6.1.4.1.19376.1.5.3.1.4.4.1"
"""Template of an act that only bears the id of another entry, to point at it."""


def anchors(subject: Subject) -> Iterator[Remark]:
    """An ID is given once."""
    for name, bearers in subject.anchors.items():
        for another in bearers[1:]:
            yield remark(
                "anchor-duplicate", "error", f"The ID {name[:60]!r} is there {len(bearers)} times", another, "once"
            )


def dangling(subject: Subject) -> Iterator[Remark]:
    """What points at an ID of the document finds it."""
    for element, target in _pointers(subject):
        if target not in subject.anchors:
            text = f"Nothing in the document has the ID {target[:60]!r}"
            yield remark("reference-dangling", "error", text, element, "the ID of an element of the narrative")


def entry_ids(subject: Subject) -> Iterator[Remark]:
    """Two entries with one id are one act: a reader merges them."""
    seen: dict[tuple[str, str], Element] = {}
    for statement in subject.statements:
        if any(each.get("root") == INTERNAL_REFERENCE for each in children(statement, "templateId")):
            continue
        for identifier in children(statement, "id"):
            key = (identifier.get("root") or "", identifier.get("extension") or "")
            if not key[0]:
                continue
            first = seen.setdefault(key, identifier)
            if first is not identifier:
                text = f"Another entry has this id, at line {first.sourceline}"
                yield remark("entry-id-duplicate", "warning", text, identifier, "an id for each entry")


def _pointers(subject: Subject) -> Iterator[tuple[Element, str]]:
    for element in subject.all("reference"):
        value = element.get("value") or ""
        if value.startswith("#"):
            yield element, value[1:]
    for element in subject.all("linkHtml"):
        value = element.get("href") or ""
        if value.startswith("#"):
            yield element, value[1:]
    for element in subject.all("renderMultiMedia"):
        for name in (element.get("referencedObject") or "").split():
            yield element, name


RULES = {"anchor-duplicate": anchors, "reference-dangling": dangling, "entry-id-duplicate": entry_ids}
