"""Which header elements have a place in FHIR (`data/header.csv`), and the report of those that have none."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from usager_cda.errors import Finding
from usager_cda.systems import rows
from usager_cda.tree import Element, elements, line_of, local_name, tag_of, xpath_of

ANYTHING = "*"


class Place(NamedTuple):
    """Where an element goes, and the group that describes its children (* when all of them go along)."""

    children: str
    fhir: str


@cache
def places() -> dict[str, dict[str, Place]]:
    """Return the table: group -> tag of an element -> place."""
    table: dict[str, dict[str, Place]] = {}
    for row in rows("header.csv"):
        table.setdefault(row["within"], {})[tag_of(row["element"])] = Place(row["children"], row["fhir"])
    return table


def unmapped(root: Element) -> Iterator[Finding]:
    """Yield one remark for each header element that stays in the original document only."""
    return _unmapped(root, "ClinicalDocument")


def _unmapped(element: Element, group: str) -> Iterator[Finding]:
    known = places().get(group, {})
    for inner in elements(element):
        place = known.get(inner.tag)
        if place is None:
            message = f"{local_name(inner)} is kept in the original document only"
            yield Finding("information", message, line_of(inner), xpath_of(inner))
        elif place.children != ANYTHING and len(inner):
            yield from _unmapped(inner, place.children)
