"""Around a document: who asks for it and how, who writes it, where, during which stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from usager_server.documents.prefill.gs1 import Box
from usager_server.documents.prefill.outline import Outline, Tree


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asked for.

    Shape   code is the type of the document. author, encounter, replaces are relative references; day is a FHIR date or
            dateTime; vaccine is what was typed: a code, a name, a disease; box is what the DataMatrix of a box says.
    """

    outline: Outline
    code: str
    moment: str
    author: str | None = None
    encounter: str | None = None
    replaces: str | None = None
    vaccine: str | None = None
    box: Box | None = None
    day: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What stands in the header.

    Shape   a resource that is not known is empty. author is a role, a person or a device; writer the person of the two
            first; custodian the Organization that keeps the document.
    """

    asked: Asked
    patient: Tree
    author: Tree = field(default_factory=dict)
    writer: Tree = field(default_factory=dict)
    encounter: Tree = field(default_factory=dict)
    custodian: Tree = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Former:
    """The version before: its Composition, and what its sections list, by reference (None: deleted)."""

    composition: Tree
    listed: Mapping[str, Tree | None] = field(default_factory=dict)

    @property
    def stored_at(self) -> str:
        """Return the instant of its last change."""
        return str((self.composition.get("meta") or {}).get("lastUpdated", ""))


def reference_to(resource: Tree) -> str:
    """Return the relative reference to a stored resource."""
    return f"{resource['resourceType']}/{resource['id']}"


def references_in(section: Tree) -> Sequence[str]:
    """Return what a section lists, those inside it left aside."""
    return [str(each.get("reference")) for each in section.get("entry", ()) if each.get("reference")]
