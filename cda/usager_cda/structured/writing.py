"""Writes resources as statements: templates, words of the narrative, people; kinds of entries build on it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from usager_cda.building import add, node, template_ids
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code, code_from_concept
from usager_cda.datatypes.extensions import NARRATIVE_LINK, extensions_of, value_of
from usager_cda.datatypes.identifiers import II, build_ii, ii_from_identifier
from usager_cda.datatypes.times import Interval, build_interval, build_ts, ts_node
from usager_cda.errors import Finding
from usager_cda.fhir import names
from usager_cda.fhir.assembly import uuid_of
from usager_cda.fhir.participations import participation_of
from usager_cda.fhir.parties import party_of
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Participation
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.words import Row, Words
from usager_cda.tree import HL7, SDTC, XSI_TYPE, Node
from usager_cda.write import participation

ACTS = {
    "act": "ACT",
    "observation": "OBS",
    "organizer": "CLUSTER",
    "procedure": "PROC",
    "substanceAdministration": "SBADM",
    "supply": "SPLY",
    "encounter": "ENC",
    "observationMedia": "OBS",
}
COMMENT_TEMPLATES = (f"{CCD}40", f"{IHE}1.5.3.1.4.2", f"{FR_ENTRY}32")


@dataclass(slots=True)
class Writing:
    """What the writing of one body knows and gathers.

    Shape   words is the narrative of the section at hand, time when the document was written, if that is told.
    """

    resolver: Resolver
    scope: str
    words: Words = field(default_factory=lambda: Words("texte", set()))
    ids: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    time: str | None = None

    def row(self) -> Row:
        """Return a new row of the narrative."""
        return self.words.row()

    def report(self, message: str, expression: str | None = None, severity: str = "warning") -> None:
        """Keep one remark about what is written."""
        self.findings.append(Finding(severity, message, expression=expression))

    def statement(self, tag: str, templates: Iterable[str], *, mood: str = "EVN", negated: bool | None = None) -> Node:
        """Return a new statement: its class, its mood and its templates, all of them written."""
        negation = None if negated is None else str(negated).lower()
        return add(node(tag, classCode=ACTS[tag], moodCode=mood, negationInd=negation), *template_ids(tuple(templates)))

    def ids_of(self, resource: Tree, *, most: int | None = None) -> list[Node]:
        """Return the ids of a resource: those it has, else one made from what it is."""
        identifiers = resource.get("identifier") or []
        listed = identifiers if isinstance(identifiers, list) else [identifiers]
        known = [ii for each in listed if (ii := ii_from_identifier(each)) is not None]
        return [build_ii("id", ii) for ii in (known or [self.new_id(resource)])[:most]]

    def known_ids(self, resource: Tree) -> list[Node]:
        """Return the ids a resource has, and makes none."""
        known = (ii_from_identifier(each) for each in resource.get("identifier", ()))
        return [build_ii("id", ii) for ii in known if ii]

    def new_id(self, *parts: Any) -> II:
        """Return an id that is always the same for the same thing in the same document."""
        return II(uuid_of(self.scope, *map(str, parts)).upper())

    def coded(self, tag: str, concept: Tree | Code | None, reference: Node | None = None) -> Node | None:
        """Return a coded element; its words are where reference points, else its own text."""
        code = concept if isinstance(concept, Code) or concept is None else code_from_concept(concept)
        made = build_code(tag, code)
        if made is None or reference is None:
            return made
        for original in made.findall("{urn:hl7-org:v3}originalText"):
            made.remove(original)
        made.insert(0, add(node("originalText"), reference))
        return made

    def comments(self, resource: Tree, row: Row, *, link: str = "SUBJ", inverted: bool | None = True) -> Iterator[Node]:
        """Yield the notes of a resource as comments."""
        for note in resource.get("note", ()):
            act = self.statement("act", COMMENT_TEMPLATES)
            code = Code("48767-8", "2.16.840.1.113883.6.1", "Commentaire")
            add(act, build_code("code", code), text_at(row.say("Commentaire", note.get("text"))))
            act.append(node("statusCode", code="completed"))
            party = party_of(self.resolver, note.get("authorReference"), resource)
            if party is not None:
                act.append(participation(Participation("author", party, time=note.get("time"))))
            yield related(link, act, inverted=inverted)

    def people(self, resource: Tree, role: str, native: str | None = None) -> Iterator[Node]:
        """Yield who takes part in a role: as the extensions say in full, else as R4's own element does."""
        if "extension" not in resource and native not in resource:
            return
        told = [
            each for each in extensions_of(resource, names.PARTICIPATION) if value_of(each, "role", "valueCode") == role
        ]
        found = [part for each in told if (part := participation_of(each, role, self.resolver, resource))]
        for reference in () if found or native is None else _references(resource.get(native)):
            party = party_of(self.resolver, reference, resource)
            if party is not None:
                found.append(Participation(role, party))
        yield from map(_in_entry, found)

    def find(self, reference: Tree | None, holder: Tree | None = None) -> Tree | None:
        """Return the resource of a Reference, or None."""
        return self.resolver.find(reference, holder)


def _in_entry(part: Participation) -> Node:
    """Return a participation as entries have it: the function of a performer is in the extension of HL7."""
    made = participation(part)
    for function in made.findall(HL7 + "functionCode") if part.role == "performer" else ():
        function.tag = SDTC + "functionCode"
    return made


def _references(held: Any) -> Iterator[Tree]:
    for each in held if isinstance(held, list) else [held] if held else []:
        yield each.get("actor") or each if isinstance(each, dict) else {}


def text_at(reference: Node) -> Node:
    """Return a text element that points at the narrative."""
    return add(node("text"), reference)


def link_of(resource: Tree) -> str | None:
    """Return where the words of a resource stood in the narrative it was read from."""
    link: str | None = value_of(resource, NARRATIVE_LINK, "valueUrl")
    return link


def related(type_code: str, statement: Node, *, inverted: bool | None = None) -> Node:
    """Return an entryRelationship around a statement."""
    inversion = None if inverted is None else str(inverted).lower()
    return add(node("entryRelationship", typeCode=type_code, inversionInd=inversion), statement)


def component(statement: Node) -> Node:
    """Return a component around a member of an organizer; its typeCode is tested by the CI-SIS rules."""
    return add(node("component", typeCode="COMP"), statement)


def effective_time(resource: Tree, name: str = "effective", *, null: str = "NA", typed: bool = False) -> Node:
    """Return the effectiveTime of a resource with <name>DateTime or <name>Period; nullFlavor without."""
    point, period = resource.get(f"{name}DateTime"), resource.get(f"{name}Period")
    if point:
        return node("effectiveTime", value=build_ts(point))
    made = node("effectiveTime", nullFlavor=null) if not period else _interval(period, null)
    if typed:
        made.set(XSI_TYPE, "IVL_TS")
    return made


def _interval(period: Tree, null: str) -> Node:
    made = build_interval("effectiveTime", Interval(period.get("start"), period.get("end"), null))
    if made is None:
        raise ValueError("a Period that is none")
    return made


def from_to(start: str | None, end: str | None, *, tag: str = "effectiveTime", open_end: bool = False) -> Node:
    """Return an interval whose beginning is always there, unknown when it is not known."""
    high = ts_node("high", end, "UNK" if open_end else None)
    return add(node(tag), ts_node("low", start, "UNK"), high)


def status(code: str) -> Node:
    """Return a statusCode."""
    return node("statusCode", code=code)


def said(concept: Tree | None) -> str | None:
    """Return what a CodeableConcept is called."""
    return french.name(concept)


def templates_of(kind: Kind, *more: str) -> tuple[str, ...]:
    """Return the templateIds of a kind, and others."""
    return (*kind.templates, *more)
