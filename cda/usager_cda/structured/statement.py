"""One clinical statement while it is read: what nobody asked for can be told, so that nothing is lost in silence."""

from collections.abc import Iterator, Sequence

from usager_cda.tree import HL7, Element, Kids, attribute, kids_of

RELATED = (HL7 + "entryRelationship", HL7 + "component")
# Wording of the RIM: it binds what is inside to what is around, and says nothing of its own.
PASSED_OVER = frozenset({*RELATED, HL7 + "templateId", HL7 + "typeId", HL7 + "realmCode"})


class Related:
    """One entryRelationship or component, and the statement inside it (None when it holds none)."""

    __slots__ = ("element", "inner", "taken", "type_code")

    def __init__(self, element: Element) -> None:
        self.element = element
        self.type_code = attribute(element, "typeCode")
        self.inner = _inside(element)
        self.taken = False


class Statement(Kids):
    """The children of a statement by name; each read is noted."""

    __slots__ = ("_is_forgotten", "_read", "_related", "element", "templates")

    def __init__(self, element: Element) -> None:
        super().__init__(element)
        self.element = element
        self.templates = tuple([root for each in self.all("templateId") if (root := each.get("root"))])
        self._read: dict[str, int] = {}
        self._is_forgotten = False
        self._related: list[Related] | None = None

    def first(self, name: str) -> Element | None:
        """Return the first child of that name, or None; further ones count as unread."""
        tag = HL7 + name
        found = self._by_tag.get(tag)
        if found is None:
            return None
        self._read.setdefault(tag, 1)
        return found[0]

    def every(self, name: str) -> Sequence[Element]:
        """Return the children of that name, all of them read."""
        tag = HL7 + name
        found = self._by_tag.get(tag, [])
        self._read[tag] = len(found)
        return found

    def skip(self, *names: str) -> None:
        """Say that these children say nothing that the resource does not."""
        for name in names:
            self.every(name)

    def forget(self) -> None:
        """Say that what is inside was reported as a whole."""
        self._is_forgotten = True

    @property
    def mood(self) -> str:
        """Return the moodCode; EVN when it is not written."""
        return self.element.get("moodCode") or "EVN"

    @property
    def is_negated(self) -> bool:
        """Say whether the statement says the contrary of what it describes."""
        return attribute(self.element, "negationInd") in ("true", "1")

    def related(self, *templates: str, type_code: str | None = None) -> "list[Statement]":
        """Return the statements inside that bear one of these templates, all of them read."""
        return [found for related in self._find(templates, type_code) if (found := related.inner) is not None]

    def relations(self, *templates: str, type_code: str | None = None) -> list[Related]:
        """Return the relations to such statements, for what the relation itself says (sequenceNumber ...)."""
        return list(self._find(templates, type_code))

    def one(self, *templates: str, type_code: str | None = None) -> "Statement | None":
        """Return the first statement inside that bears one of these templates, the only one read."""
        found = next(self._find(templates, type_code), None)
        return None if found is None else found.inner

    def inner(self) -> list[Related]:
        """Return every relation, read or not."""
        if self._related is None:
            tags = (self._by_tag.get(tag, ()) for tag in RELATED)
            self._related = [Related(each) for found in tags for each in found]
        return self._related

    def _find(self, templates: tuple[str, ...], type_code: str | None) -> Iterator[Related]:
        wanted = frozenset(templates)
        for related in self.inner():
            if related.taken or related.inner is None or (type_code and related.type_code != type_code):
                continue
            if not (wanted and wanted.isdisjoint(related.inner.templates)):
                related.taken = True
                yield related

    def unread(self) -> Iterator[Element]:
        """Yield the elements that nobody read, here and in the statements that were read inside."""
        if self._is_forgotten:
            return
        for tag, found in self._by_tag.items():
            if tag not in PASSED_OVER:
                yield from (each for each in found[self._read.get(tag, 0) :] if _says_something(each))
        for related in self.inner():
            if not related.taken:
                yield related.element
            elif related.inner is not None:
                yield from related.inner.unread()


def _says_something(element: Element) -> bool:
    """Say whether an element holds more than the reason of its absence."""
    return bool(len(element) or (element.text or "").strip() or set(element.attrib) - SAYING_NOTHING)


SAYING_NOTHING = {"nullFlavor", "classCode", "moodCode", "typeCode", "determinerCode"}
NOT_STATEMENTS = frozenset(HL7 + name for name in ("sequenceNumber", "seperatableInd", "templateId"))


def _inside(element: Element) -> Statement | None:
    """Return the statement inside a relation or an entry."""
    for each in kids_of(element):
        if isinstance(each.tag, str) and each.tag not in NOT_STATEMENTS:
            return Statement(each)
    return None


def statement_in(entry: Element) -> Statement | None:
    """Return the clinical statement of an entry; None when it is empty."""
    return _inside(entry)
