"""A section of a document, ready to be read."""

from dataclasses import dataclass

from usager_cda.tree import Element


@dataclass(frozen=True, slots=True)
class Section:
    """One section. texts are narratives in XHTML; note says why there is none."""

    title: str
    texts: tuple[Element, ...] = ()
    note: str | None = None
    sections: "tuple[Section, ...]" = ()
