"""A document as the rules look at it: its elements by name and its anchors, found in one walk."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from usager_cda.tree import HL7, Element, child, children, descendant

PATIENT = "recordTarget/patientRole/patient"
STATEMENTS = frozenset(
    {
        "observation",
        "substanceAdministration",
        "procedure",
        "act",
        "encounter",
        "supply",
        "organizer",
        "observationMedia",
    }
)


class Subject:
    """A ClinicalDocument, with what several rules ask of it.

    Shape   anchors: the elements that bear each ID; statements: the entries, and those within them, in their order.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        self.by_name: Mapping[str, list[Element]] = {}
        self.anchors: Mapping[str, list[Element]] = {}
        self.statements: Sequence[Element] = ()
        self._walk()

    def _walk(self) -> None:
        by_name: dict[str, list[Element]] = {}
        anchors: dict[str, list[Element]] = {}
        statements: list[Element] = []
        for element in self.root.iter(HL7 + "*"):
            name = element.tag[len(HL7) :]
            by_name.setdefault(name, []).append(element)
            if name in STATEMENTS:
                statements.append(element)
            if (anchor := element.get("ID")) is not None:
                anchors.setdefault(anchor, []).append(element)
        self.by_name, self.anchors, self.statements = by_name, anchors, statements

    def all(self, *names: str) -> Sequence[Element]:
        """Return every element of these HL7 names, in the order of the document within each."""
        return [element for name in names for element in self.by_name.get(name, ())]

    @cached_property
    def patient_ids(self) -> Sequence[Element]:
        """Return the identifiers of the person."""
        return children(descendant(self.root, "recordTarget/patientRole"), "id")

    @cached_property
    def body(self) -> Element | None:
        """Return the structuredBody or the nonXMLBody."""
        component = child(self.root, "component")
        structured = child(component, "structuredBody")
        return child(component, "nonXMLBody") if structured is None else structured

    @cached_property
    def sections(self) -> Sequence[Element]:
        """Return every section, at any depth."""
        return self.by_name.get("section", ())
