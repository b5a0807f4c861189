"""Reads statements into resources: datatypes, words, people, identities; the kinds of entries build on it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import coding_from_code, concept_from_code, parse_code
from usager_cda.datatypes.extensions import NARRATIVE_LINK, filled, put_extension
from usager_cda.datatypes.identifiers import II, identifier_from_ii, parse_ii
from usager_cda.datatypes.quantities import parse_number, parse_quantity, parse_range, parse_ratio
from usager_cda.datatypes.times import period_from_interval
from usager_cda.datatypes.values import BOOLEANS, CODED, LARGEST_INTEGER, SMALLEST_INTEGER, absent_value, type_of
from usager_cda.fhir.assembly import condition, uuid_of
from usager_cda.fhir.participations import participation_extension
from usager_cda.header import Participation, Party
from usager_cda.reader import Reader
from usager_cda.safety import canonical_text
from usager_cda.structured import registry
from usager_cda.structured.kinds import Kind
from usager_cda.structured.statement import Statement, statement_in
from usager_cda.tree import HL7, Element, attribute, child, children, kids_of, local_name, text_of

COMMENT = "1.2.250.1.213.1.1.3.32"
PEOPLE = ("author", "performer", "informant")
# Programs point there when the narrative has no words for a code.
NO_WORDS = frozenset({"", "#", "noref", "#noref"})
CODE_PARTS = frozenset(HL7 + name for name in ("originalText", "translation"))


@dataclass(frozen=True, slots=True)
class Made:
    """A resource on its way into the transaction, under the identity it is created by."""

    type: str
    key: str
    resource: Tree

    @property
    def reference(self) -> str:
        """Return what a Reference to it says."""
        return f"urn:uuid:{uuid_of(self.type, self.key)}"

    @property
    def condition(self) -> str:
        """Return the ifNoneExist query that finds it again."""
        if self.type in ONE_IDENTIFIER:
            return f"_source={quote(self.resource['meta']['source'], safe=':/')}"
        return condition([{"system": systems.SCOPED, "value": self.key}])


@dataclass(slots=True)
class Reading:
    """What the reading of one body knows and gathers.

    Shape   scope is the identity that all versions of the document share, source that of this version (a URI). words
            are the elements of the current section's narrative by ID. refer makes the Reference of a party; author is
            who wrote the document.
    """

    reader: Reader
    scope: str
    source: str
    subject: Tree
    time: str | None
    refer: Callable[[Party], Tree | None]
    author: Tree | None = None
    made: list[Made] = field(default_factory=list)
    words: dict[str, Element] = field(default_factory=dict)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    copies: list[Tree] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _heard: list[str] = field(default_factory=list)
    _by_id: dict[tuple[str, str], Tree] = field(default_factory=dict)
    _later: list[Callable[[], None]] = field(default_factory=list)

    def entry(self, element: Element) -> list[Tree]:
        """Return the References of what an entry tells; what cannot be told is reported."""
        statement = statement_in(element)
        if statement is None:
            self.reader.report(element, "The entry is empty")
            return []
        # Laboratories put the template on the entry itself.
        outer = tuple(root for each in children(element, "templateId") if (root := each.get("root")))
        found = self.statement(statement, outer)
        for unread in statement.unread():
            self.reader.report(unread, f"{local_name(unread)} is kept in the original document only", "information")
        return found

    def statement(self, statement: Statement, outer: tuple[str, ...] = ()) -> list[Tree]:
        """Return the References of what a statement tells, by the kind its templates name."""
        kind = registry.kind_of((*outer, *statement.templates))
        if kind is None or (statement.is_negated and not kind.reads_negation):
            self._report_unknown(statement, kind)
            return []
        return list(kind.read(statement, self))

    def _report_unknown(self, statement: Statement, kind: Kind | None) -> None:
        element = statement.element
        named = statement.templates[-1] if statement.templates else "no templateId"
        reason = f"is of a kind we do not read ({named})" if kind is None else "denies what it describes"
        text = f"This {local_name(element)} {reason}; it is kept in the narrative and in the original document"
        self.reader.report(element, text)
        statement.forget()

    def put(
        self,
        resource_type: str,
        statement: Statement,
        body: Tree,
        also: Sequence[II] = (),
        beside: Sequence[Statement] = (),
    ) -> Tree:
        """Add a resource and return the Reference to it.

        Shape   its identifiers are one of our own, the same for the same statement with the same words in any version
                of the document, then those the document gives it. A statement made twice in the same words is one
                resource. also are other ids it may be referred to by, beside other statements that it says too.
        """
        element = statement.element
        key = self._key(resource_type, (element, *(each.element for each in beside)))
        ids = [parse_ii(each) for each in statement.every("id")]
        known = [identifier_from_ii(ii) for ii in ids if ii.is_known]
        identifiers: Any = [{"system": systems.SCOPED, "value": key}, *known]
        resource: Tree = {"resourceType": resource_type, "meta": {"source": self.source}}
        if resource_type in ONE_IDENTIFIER:
            identifiers = known[0] if known else None
            resource["meta"] = {"source": f"{systems.SCOPED}#{key}"}
        resource |= {name: held for name, held in {"identifier": identifiers, **body}.items() if held not in NOTHING}
        if key not in self._keys:
            self._keys.add(key)
            self.made.append(Made(resource_type, key, resource))
        reference = {"reference": f"urn:uuid:{uuid_of(resource_type, key)}"}
        for ii in (*ids, *also):
            if ii.is_known:
                self._by_id.setdefault((str(ii), _first_code(resource.get("code"))), reference)
        return reference

    def _key(self, resource_type: str, elements: Iterable[Element]) -> str:
        """Return an identity made of what the statements say: another content is another resource."""
        digest = hashlib.sha1(usedforsecurity=False)
        for element in elements:
            digest.update(canonical_text(element))
        digest.update("|".join(self._heard).encode())
        self._heard.clear()
        return uuid_of(resource_type, self.scope, digest.hexdigest())

    def referred(self, statement: Statement, concept: Tree | None) -> Callable[[], Tree | None]:
        """Return a look-up of what an internal reference points at, to be made when all is read."""
        ids = [str(ii) for each in statement.every("id") if (ii := parse_ii(each)).is_known]
        code = _first_code(concept)
        return lambda: next((found for ii in ids if (found := self._by_id.get((ii, code)))), None)

    def later(self, act: Callable[[], None]) -> None:
        """Do something when every entry is read."""
        self._later.append(act)

    def finish(self) -> None:
        """Do what waited for the last entry; lists that nothing came into are left out."""
        for act in self._later:
            act()
        for made in self.made:
            for name in [name for name, held in made.resource.items() if held == []]:
                del made.resource[name]

    def said(self, statement: Statement, name: str = "text") -> str | None:
        """Return the words of a statement's text, those of the narrative it points at."""
        return self.words_at(statement.first(name))

    def words_at(self, text: Element | None) -> str | None:
        if text is None:
            return None
        reference = child(text, "reference")
        found = text_of(text) if reference is None else self.pointed(attribute(reference, "value"))
        if found:
            self._heard.append(found)
        return found

    def pointed(self, link: str | None) -> str | None:
        """Return the words of the narrative under an ID (with or without #); None when there are none."""
        found = self.words.get((link or "").removeprefix("#"))
        return None if link in NO_WORDS or found is None else text_of(found)

    def link(self, statement: Statement) -> list[Tree]:
        """Return the extension that ties a resource to its words in the narrative of the document."""
        text = statement.first("text")
        target = attribute(child(text, "reference"), "value")
        if target in NO_WORDS or target is None:
            return []
        if target.removeprefix("#") not in self.words:
            self.reader.report(text if text is not None else statement.element, f"{target} is not in the narrative")
            return []
        self.words_at(text)
        return [{"url": NARRATIVE_LINK, "valueUrl": f"#{target.removeprefix('#')}"}]

    def concept(self, element: Element | None) -> Tree | None:
        """Return the CodeableConcept of a coded element, its originalText as words; None without one."""
        if element is None:
            return None
        code = parse_code(element)
        if code is None or (code.code is None and not len(element)):
            return None
        parts = kids_of(element)
        words = self.words_at(child(element, "originalText")) if parts else None
        for part in parts:
            if part.tag not in CODE_PARTS:
                message = f"{local_name(part)} of a code is kept in the original document only"
                self.reader.report(part, message, "information")
        if code.code is None and not code.translations:
            shown = words or code.display
            return {"text": shown} if shown else None
        made = concept_from_code(code)
        made.pop("text", None)
        if words:
            made["text"] = words
        return made

    def coding(self, element: Element | None) -> Tree | None:
        """Return the Coding of a coded element."""
        code = parse_code(element)
        return coding_from_code(code) if code and code.code else None

    def when(self, element: Element | None, name: str = "effective") -> Tree:
        """Return the point or period of an effectiveTime as effectiveDateTime or effectivePeriod."""
        interval = self.reader.interval(element)
        if interval is None or element is None or not (interval.low or interval.high):
            return {}
        if element.get("value"):
            return {f"{name}DateTime": interval.low}
        return {f"{name}Period": period_from_interval(interval)}

    def value(self, statement: Statement) -> Tree:
        """Return the value[x] of an observation, or why there is none; an impossible one is reported."""
        element = statement.first("value")
        if element is None:
            return {}
        try:
            return self._value(element, type_of(element))
        except ValueError as error:
            self.reader.report(element, f"{error}; it is left out")
            return absent_value("UNK", type_of(element))

    def _value(self, element: Element, kind: str) -> Tree:
        null = attribute(element, "nullFlavor")
        if null is not None and not len(element):
            return absent_value(null, kind)
        if kind in CODED:
            concept = self.concept(element)
            return {"valueCodeableConcept": concept} if concept else absent_value(null, kind)
        made = self._plain(element, kind)
        return {name: held for name, held in made.items() if held not in (None, {})} or absent_value(null, kind)

    def _plain(self, element: Element, kind: str) -> Tree:
        match kind:
            case "BL":
                return {"valueBoolean": BOOLEANS.get(attribute(element, "value") or "")}
            case "PQ" | "MO" | "REAL":
                return {"valueQuantity": self.quantity(element)}
            case "INT":
                return _integer(parse_number(attribute(element, "value")))
            case "IVL_PQ":
                return {"valueRange": parse_range(element)}
            case "TS" | "IVL_TS":
                return self.when(element, "value") or {"valueQuantity": self.quantity(child(element, "width"))}
            case "ST" | "ED":
                return {"valueString": self.words_at(element)}
        if kind.startswith("RTO"):
            return {"valueRatio": parse_ratio(element)}
        self.reader.report(element, f"A value of type {kind or 'none'} is kept in the original document only")
        return {}

    def quantity(self, element: Element | None) -> Tree:
        """Return the Quantity of a PQ; its translations are reported. Errors: ValueError."""
        return {} if element is None else parse_quantity(element)

    def notes(self, statement: Statement) -> list[Tree]:
        """Return the comments of a statement as Annotations."""
        return [note for inner in statement.related(COMMENT) if (note := self._note(inner))]

    def _note(self, comment: Statement) -> Tree | None:
        comment.skip("code", "statusCode", "id")
        text = self.said(comment)
        if text is None:
            return None
        author = next(iter(self.participations(comment, "author")), None)
        reference = self.refer(author.party) if author else None
        return filled({"authorReference": reference, "time": author.time if author else None, "text": text})

    def participations(self, statement: Statement, role: str) -> Iterator[Participation]:
        """Yield who takes part in a statement in one role."""
        for element in statement.every(role):
            found = self.reader.participation(element, role)
            if found is not None and self.refer(found.party):
                yield found

    def people(self, statement: Statement, **native: str) -> Tree:
        """Return who takes part: in the elements R4 has for it (author="recorder"), and in full as extensions."""
        made: Tree = {}
        for role in PEOPLE:
            for part in self.participations(statement, role):
                made.setdefault("extension", []).append(participation_extension(part, self.refer))
                name = native.get(role)
                if name == "performer":
                    made.setdefault(name, []).append(self.refer(part.party))
                elif name is not None:
                    made.setdefault(name, self.refer(part.party))
        return made

    def boolean(self, statement: Statement) -> bool | None:
        """Return the value of a BL."""
        return BOOLEANS.get(attribute(statement.first("value"), "value") or "")


NOTHING: tuple[Any, ...] = (None, {}, "")
ONE_IDENTIFIER = frozenset({"AdverseEvent"})


def _integer(number: Any) -> Tree:
    if isinstance(number, int) and SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
        return {"valueInteger": number}
    return {"valueQuantity": {"value": number}} if number is not None else {}


def _first_code(concept: Tree | None) -> str:
    codings: Iterable[Tree] = (concept or {}).get("coding", ())
    return next((str(coding.get("code")) for coding in codings), "")


def extended(*trees: Tree) -> Tree:
    """Return several parts of a resource as one, their extensions one after the other."""
    made: Tree = {}
    extensions = [each for tree in trees for each in tree.get("extension", ())]
    if extensions:
        made["extension"] = extensions
    for tree in trees:
        made |= {name: held for name, held in tree.items() if name != "extension"}
    return made


def mark(tree: Tree, url: str, **value: Any) -> Tree:
    """Return a tree with one more extension, unless its value is None."""
    put_extension(tree, url, **value)
    return tree
