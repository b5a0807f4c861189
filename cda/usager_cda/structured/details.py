"""The small observations that qualify a statement: severity, status, certainty, criticality, state of health."""

from dataclasses import dataclass

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code, code_from_concept
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, cisis, loinc
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, related, said, status, text_at
from usager_cda.tree import XSI_TYPE, Node


@dataclass(frozen=True, slots=True)
class Detail:
    """One kind of qualifying observation.

    Shape   link and inverted are those of the relation around it; heading its column in the narrative; kind the
            datatype of its value; is_dated when the rules ask for an id and an effectiveTime.
    """

    templates: tuple[str, ...]
    code: Code
    heading: str
    link: str = "SUBJ"
    inverted: bool = True
    kind: str = "CD"
    is_dated: bool = False

    def read(self, statement: Statement, reading: Reading) -> Tree | None:
        """Return the value of this detail in a statement, in the words of the narrative; None without one."""
        found = statement.one(self.templates[-1], *self.templates[-2:-1])
        if found is None:
            return None
        found.skip("code", "statusCode", "id", "effectiveTime")
        concept = reading.concept(found.first("value"))
        words = reading.said(found)
        if concept is not None and words and "text" not in concept:
            concept["text"] = words
        return concept

    def build(self, concept: Tree | None, writing: Writing, row: Row, *key: str) -> Node | None:
        """Return the relation to this detail; None without a value."""
        if not concept:
            return None
        made = writing.statement("observation", self.templates)
        if self.is_dated:
            made.append(node("id", root=writing.new_id(self.heading, *key).root))
        value = build_code("value", _without_words(concept))
        add(made, build_code("code", self.code), text_at(row.say(self.heading, said(concept))), status("completed"))
        add(made, node("effectiveTime", nullFlavor="NA") if self.is_dated else None, value)
        if value is not None:
            value.set(XSI_TYPE, self.kind)
        return related(self.link, made, inverted=self.inverted)


def _without_words(concept: Tree) -> Code | None:
    return code_from_concept(
        {name: held for name, held in concept.items() if name != "text" or "coding" not in concept}
    )


CERTAINTY_CODE = loinc("66455-7", "Certitude")
SEVERITY = Detail(
    (f"{CCD}55", f"{IHE}1.5.3.1.4.1", f"{FR_ENTRY}29"), Code("SEV", "2.16.840.1.113883.5.4", "Sévérité"), "Sévérité"
)
STATUS = Detail(
    (f"{CCD}50", f"{CCD}57", f"{IHE}1.5.3.1.4.1.1", f"{FR_ENTRY}30"),
    loinc("33999-4", "Statut"),
    "Statut",
    link="REFR",
    inverted=False,
    kind="CE",
)
HEALTH = Detail(
    (f"{CCD}51", f"{IHE}1.5.3.1.4.1.2", f"{FR_ENTRY}31"),
    loinc("11323-3", "Statut clinique du patient"),
    "Statut clinique du patient",
    link="REFR",
    inverted=False,
    kind="CE",
)
CERTAINTY = Detail(
    (f"{IHE}1.5.3.1.4.13", f"{FR_ENTRY}48", f"{FR_ENTRY}171"), CERTAINTY_CODE, "Certitude", is_dated=True
)
ALLERGY_CERTAINTY = Detail((f"{FR_ENTRY}171",), CERTAINTY_CODE, "Certitude", is_dated=True)
CRITICALITY = Detail((f"{FR_ENTRY}172",), loinc("82606-5", "Criticité"), "Criticité", is_dated=True)
CAUSALITY = Detail((f"{FR_ENTRY}211",), cisis("GEN-318", "Imputabilité"), "Imputabilité")
GRAVITY = Detail((f"{FR_ENTRY}212",), loinc("94030-4", "Gravité de l'effet indésirable"), "Gravité", is_dated=True)
OUTCOME = Detail((f"{FR_ENTRY}213",), cisis("GEN-319", "Evolution de l'effet indésirable"), "Évolution", is_dated=True)
