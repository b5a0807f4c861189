"""Composition -> structuredBody: the sections a model asks for, in its order, with narratives and entries."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from usager_cda.building import add, node, template_ids
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_concept
from usager_cda.datatypes.extensions import extensions_of
from usager_cda.datatypes.identifiers import build_ii, ii_from_identifier
from usager_cda.errors import CDAError, Finding, IncompleteDocument
from usager_cda.fhir.resolver import Resolver
from usager_cda.structured import registry
from usager_cda.structured.kinds import Kind, Model, Section, Slot
from usager_cda.structured.sections import SECTION_ID
from usager_cda.structured.words import KeptWords, Words
from usager_cda.structured.writing import Writing
from usager_cda.tree import Node

KEPT = "additional"
PDF_COPY = "55108-5"
COPY_LINK = "urn:usager:pdf-copy"


@dataclass(slots=True)
class Given:
    """One section of a Composition, its path in it, and whether the model had a place for it."""

    section: Tree
    path: str
    is_used: bool = False

    @property
    def code(self) -> str | None:
        """Return the first code of the section."""
        codings = (self.section.get("code") or {}).get("coding") or [{}]
        code: str | None = codings[0].get("code")
        return code


@dataclass(slots=True)
class BodyWriter:
    """Writes the body of one document."""

    model: Model
    resolver: Resolver
    scope: str
    given: list[Given] = field(default_factory=list)
    missing: list[Finding] = field(default_factory=list)
    pdf: bytes | None = None
    composition: Tree = field(default_factory=dict)
    writing: Writing = field(init=False)

    def __post_init__(self) -> None:
        self.writing = Writing(self.resolver, self.scope)

    def build(self, composition: Tree, pdf: bytes | None = None) -> Node:
        """Return the structuredBody; pdf is the copy of the document to be put inside.

        Errors  IncompleteDocument with every section that is missing. What the model has no place for is in findings.
        """
        self.pdf, self.composition = pdf, composition
        self.writing.time = composition.get("date")
        self.given = list(_flattened(self._with_copy(composition), "Composition.section"))
        self._report_missing_copy()
        body = add(node("structuredBody"), *self._components(self.model.slots))
        if self.missing:
            raise IncompleteDocument(*self.missing)
        for given in self.given:
            if not given.is_used and not _is_wrapper(given.section):
                text = f"The model {self.model.name} has no place for the section {given.code}; it is left out"
                self.writing.report(text, given.path)
        return body

    def _with_copy(self, composition: Tree) -> list[Tree]:
        """Return the sections of a Composition, the PDF of the document in place of any other copy of it."""
        sections = list(composition.get("section", ()))
        if self.pdf is None:
            return sections
        if not self.model.takes_pdf:
            self.writing.report(f"The model {self.model.name} takes no copy of the document; it is left out", "pdf")
            return sections
        binary = {"resourceType": "Binary", "id": PDF_COPY, "contentType": "application/pdf"}
        self.resolver.add({**binary, "data": base64.b64encode(self.pdf).decode("ascii")}, COPY_LINK)
        kept = [section for section in sections if Given(section, "").code != PDF_COPY]
        code = {"coding": [{"system": "http://loinc.org", "code": PDF_COPY, "display": "Copie du document"}]}
        return [*kept, {"title": "Copie du document", "code": code, "entry": [{"reference": COPY_LINK}]}]

    def _report_missing_copy(self) -> None:
        if self.model.wants_pdf and not any(given.code == PDF_COPY for given in self.given):
            text = f"The model {self.model.name} asks for a copy of the document in PDF; it is written without one"
            self.writing.report(text, "pdf")

    def _components(self, slots: Sequence[Slot]) -> Iterator[Node]:
        for slot in slots:
            template = registry.sections()[slot.section]
            found = self._take(template)
            if not found and slot.inside:
                found = [None]
            if not found and slot.least:
                found = [None] if self._may_be_empty(template, slot) else []
            for given in found:
                made = self._section(template, slot, given)
                if made is not None:
                    yield add(node("component"), made)

    def _take(self, template: Section) -> list[Given | None]:
        """Return the sections given for a place; one that only says that it is empty is none: see `nothing`."""
        codes = codes_of(template)
        found = [given for given in self.given if not given.is_used and given.code in codes]
        for given in found:
            given.is_used = True
        return [given for given in found if not _is_empty(given.section)]

    def _may_be_empty(self, template: Section, slot: Slot) -> bool:
        if template.nothing is not None or template.may_be_silent:
            return True
        expected = f"a section {template.code.code} ({slot.title or template.title})"
        text = f"Composition.section: none is {template.code.code}; the model {self.model.name} asks for {expected}"
        self.missing.append(Finding("error", text, expression="Composition.section"))
        return False

    def _section(self, template: Section, slot: Slot, given: Given | None) -> Node | None:
        section = given.section if given else {}
        inside = list(self._components(slot.inside))
        if slot.inside and not inside and not section and not slot.least:
            return None
        self.writing.words = self._words(template, section)
        entries = list(self._entries(template, slot, section, given.path if given else None))
        text = self.writing.words.build()
        code = code_from_concept(section.get("code")) or template.code
        return add(
            node("section"),
            *template_ids(template.templates),
            self._id(template, section),
            build_code("code", code),
            node("title", section.get("title") or slot.title or template.title),
            text if text is not None else None if inside else _silence(),
            *entries,
            *inside,
        )

    def _id(self, template: Section, section: Tree) -> Node:
        told = (each.get("valueIdentifier") or {} for each in extensions_of(section, SECTION_ID))
        known = next((ii for each in told if (ii := ii_from_identifier(each))), None)
        return build_ii("id", known or self.writing.new_id("section", template.template, section.get("title")))

    def _words(self, template: Section, section: Tree) -> Words:
        """Return the narrative: what a person wrote is kept, anything else is made anew from the entries."""
        prefix = f"s{template.template.rpartition('.')[2]}"
        text = section.get("text") or {}
        is_kept = text.get("status") == KEPT or not section.get("entry")
        if text.get("div") and text.get("status") != "empty" and is_kept:
            try:
                return KeptWords(prefix, self.writing.ids, text["div"])
            except CDAError as error:
                self.writing.report(f"The narrative cannot be read ({error}); it is made anew", "Composition.section")
        return Words(prefix, self.writing.ids)

    def _entries(self, template: Section, slot: Slot, section: Tree, path: str | None) -> Iterator[Node]:
        made = [] if slot.narrative_only else list(self._told(template, section, path))
        if not made and template.nothing is not None and (template.needs_entry or not section):
            made = [add(node("entry", typeCode=template.link), template.nothing(self.writing))]
        elif not made and template.needs_entry and not slot.narrative_only:
            text = f"The section {template.code.code} has words only; the CI-SIS asks for an entry in it"
            self.writing.report(text, path and f"{path}.entry")
        if template.most is not None and len(made) > template.most:
            text = f"{path}.entry: {len(made)} entries; the section {template.template} holds {template.most} at most"
            self.missing.append(Finding("error", text, expression=f"{path}.entry"))
        yield from made

    def _told(self, template: Section, section: Tree, path: str | None) -> Iterator[Node]:
        for kind, resources in self._grouped(template, section, path):
            if kind.build is not None:
                names = kind.templates if kind.names_entry else ()
                entry = add(node("entry", typeCode=template.link), *template_ids(names))
                yield add(entry, kind.build(resources, self.writing))

    def _grouped(self, template: Section, section: Tree, path: str | None) -> list[tuple[Kind, list[Tree]]]:
        """Return the resources with their kind, those that one statement holds together."""
        groups: dict[object, tuple[Kind, list[Tree]]] = {}
        for rank, resource in enumerate(self._listed(template, section)):
            kind = None if resource is None else kind_for(template, resource)
            if resource is None or kind is None:
                self._report_entry(template, f"{path}.entry[{rank}]", resource)
                continue
            adapted = resource if self.model.adapts is None else self.model.adapts(resource, self.composition)
            groups.setdefault(kind.groups(resource, self.resolver) or rank, (kind, []))[1].append(adapted)
        return list(groups.values())

    def _listed(self, template: Section, section: Tree) -> Iterator[Tree | None]:
        """Yield what a section lists, None for what is not at hand; a resource around it is what it names besides."""
        listed = [self.resolver.find(reference) for reference in section.get("entry", ())]
        for resource in listed:
            spread = template.around.spread(resource) if template.around and resource else None
            if spread is None:
                yield resource
                continue
            inside = [self.resolver.find(each, resource) for each in spread]
            yield from (each for each in inside if each is None or not any(each is other for other in listed))

    def _report_entry(self, template: Section, path: str, resource: Tree | None) -> None:
        if resource is None:
            text = "The resource is not in the Bundle; the entry is left out"
        else:
            named = resource.get("resourceType")
            text = f"The section {template.code.code} has no entry for this {named}; it is left out"
        self.writing.report(text, path)


def says_something(composition: Tree, model: Model) -> bool:
    """Say whether a Composition has a section that its model knows: else it is only around a file."""
    known = {code for slot in _all_slots(model.slots) for code in codes_of(registry.sections()[slot.section])}
    return any(given.code in known for given in _flattened(composition.get("section", ()), ""))


def codes_of(template: Section) -> frozenset[str | None]:
    """Return the codes a section may have."""
    return template.others | {template.code.code}


def _all_slots(slots: Sequence[Slot]) -> Iterator[Slot]:
    for slot in slots:
        yield slot
        yield from _all_slots(slot.inside)


def kind_for(template: Section, resource: Tree) -> Kind | None:
    """Return the kind of entry a section writes a resource with."""
    known = registry.kinds()
    return next((known[each] for each in template.entries if known[each].takes(resource)), None)


def _flattened(sections: Sequence[Tree], path: str) -> Iterator[Given]:
    for rank, section in enumerate(sections):
        here = f"{path}[{rank}]"
        yield Given(section, here)
        yield from _flattened(section.get("section", ()), f"{here}.section")


def _is_wrapper(section: Tree) -> bool:
    return not section.get("entry") and not section.get("text")


def _is_empty(section: Tree) -> bool:
    is_told = (section.get("text") or {}).get("status", "empty") != "empty"
    return not (is_told or section.get("entry") or section.get("section"))


def _silence() -> Node:
    return add(node("text"), node("paragraph", "Aucune information."))
