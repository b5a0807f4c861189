"""Comments of resources that R4 gives no note: the standard extension for one."""

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extensions_of

NOTE = "http://hl7.org/fhir/StructureDefinition/note"


def as_extensions(notes: list[Tree]) -> list[Tree]:
    """Return Annotations as extensions."""
    return [{"url": NOTE, "valueAnnotation": note} for note in notes]


def with_notes(resource: Tree) -> Tree:
    """Return a resource with the notes of its extensions where the others have theirs."""
    notes = [each["valueAnnotation"] for each in extensions_of(resource, NOTE) if each.get("valueAnnotation")]
    return {**resource, "note": [*resource.get("note", ()), *notes]}
