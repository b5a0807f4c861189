"""A document being prefilled: its sections so far, the resources that they list, what there is to say about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from usager_cda.datatypes.codes import Code, concept_from_code
from usager_cda.errors import Finding
from usager_cda.systems import url_of
from usager_cda.terminology import value_sets
from usager_server.documents.prefill.outline import Fill, Outline, Part, Tree
from usager_server.documents.prefill.record import Record
from usager_server.documents.prefill.setting import Former, Setting, reference_to
from usager_server.documents.prefill.wording import made_text, paragraphs

ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CISIS = "1.2.250.1.213.1.1.4.322"


@dataclass(slots=True)
class Draft:
    """The document, before anyone has seen it.

    Shape   listed are stored resources, made new ones by their urn:uuid, changed the listed ones that must be written.
    """

    outline: Outline
    setting: Setting
    record: Record
    former: Former | None = None
    sections: list[Tree] = field(default_factory=list)
    listed: dict[str, Tree] = field(default_factory=dict)
    made: dict[str, Tree] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    event: Tree = field(default_factory=dict)
    title: str | None = None

    @property
    def subject(self) -> Tree:
        """Return the reference to the person."""
        return {"reference": reference_to(self.setting.patient)}

    def found(self, fill: Fill) -> Sequence[Tree]:
        """Return what a search found and that holds."""
        return self.record.holding(fill)

    def remark(self, message: str, *, severity: str = "information", expression: str | None = None) -> None:
        """Say something about the document to whoever completes it."""
        self.findings.append(Finding(severity, message, expression=expression))

    def list_stored(self, resource: Tree) -> Tree:
        """Return the reference to a stored resource, which the document now lists."""
        self.listed[reference_to(resource)] = resource
        return {"reference": reference_to(resource)}

    def make(self, resource: Tree) -> Tree:
        """Return the reference to a new resource, which will be stored with the document."""
        full_url = f"urn:uuid:{uuid4()}"
        self.made[full_url] = {name: held for name, held in resource.items() if held not in (None, [], {})}
        return {"reference": full_url}

    def put(self, code: str, *entries: Tree) -> None:
        """List more in a section, which is no longer empty."""
        section = next(each for each in _flat(self.sections) if code in _codes(each))
        section.setdefault("entry", []).extend(entries)
        section.pop("emptyReason", None)
        if (section.get("text") or {}).get("status") == "empty":
            del section["text"]

    def write(self, title: str, *lines: str) -> None:
        """Write lines in a section of this title, unless a person wrote something else there in the version before."""
        section = next(each for each in _flat(self.sections) if each["title"] == title)
        if (section.get("text") or {}).get("status", "empty") in ("empty", "generated"):
            section["text"] = made_text(paragraphs(lines))
            section.pop("emptyReason", None)

    def ask(self, code: str, what: Tree, when: str | None = None) -> None:
        """Put a line that waits for its answer, unless the section has it: an Observation whose value is unknown."""
        section = next(each for each in _flat(self.sections) if code in _codes(each))
        known = (self.resource(each) or {} for each in section.get("entry", ()))
        if any(_codes(each) & _codes({"code": what}) for each in known):
            return
        absent = {"coding": [{"system": ABSENT, "code": "unknown", "display": "Unknown"}]}
        answer = {"valueDateTime": when} if when else {"dataAbsentReason": absent}
        line = {"resourceType": "Observation", "status": "final", "code": what, "subject": self.subject}
        self.put(code, self.make({**line, "effectiveDateTime": self.setting.asked.moment, **answer}))

    def resource(self, reference: Tree) -> Tree | None:
        """Return what a section lists."""
        name = str(reference.get("reference"))
        return self.made.get(name) or self.listed.get(name)

    def codes_of(self, value_set: str, *wanted: str) -> Iterator[Tree]:
        """Yield these codes of a value set of the documents, as CodeableConcepts."""
        for code in value_sets()[value_set].codes:
            if code.code in wanted:
                yield {"coding": [{"system": url_of(code.system), "code": code.code, "display": code.display}]}

    def cisis(self, code: str, display: str) -> Tree:
        """Return a CodeableConcept of the TerminologieCISIS."""
        return concept_from_code(Code(code, CISIS, display))


def key_of(section: Tree) -> str:
    """Return what makes a section the same in another version: its code, else its title."""
    return next(iter(sorted(_codes(section))), str(section.get("title")))


def key_of_part(part: Part) -> str:
    """Return the key of the section that an outline asks for."""
    return key_of({"title": part.title, "code": part.code or {}})


def _codes(resource: Tree) -> set[str]:
    return {str(coding["code"]) for coding in (resource.get("code") or {}).get("coding", ()) if coding.get("code")}


def _flat(sections: Sequence[Tree]) -> Iterator[Tree]:
    for section in sections:
        yield section
        yield from _flat(section.get("section", ()))
