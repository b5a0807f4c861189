"""Nothing of the header is lost: the table says where each element goes, and the samples hold every line of it."""

from pathlib import Path

import pytest

from tests.cda.documents import ALL, everything
from usager_cda.coverage import ANYTHING, places, unmapped
from usager_cda.safety import parse_document
from usager_cda.tree import elements, local_tag

PAGE = Path(__file__).parents[2] / "docs" / "cda" / "header.md"
# Met in documents of other producers only.
UNUSUAL = {
    ("guardian", "code"),
    ("participant", "templateId"),
    ("performer", "templateId"),
    ("parentDocument", "setId"),
}


def used(element, group="ClinicalDocument") -> set[tuple[str, str]]:
    """Return the lines of the table that a document uses."""
    found: set[tuple[str, str]] = set()
    for inner in elements(element):
        place = places().get(group, {}).get(inner.tag)
        if place is not None:
            found.add((group, inner.tag.rpartition("}")[2]))
            found |= used(inner, place.children) if place.children not in ("", ANYTHING) else set()
    return found


def lines() -> set[tuple[str, str]]:
    return {(group, tag.rpartition("}")[2]) for group, known in places().items() for tag in known}


def test_our_sample_holds_every_element_of_the_table():
    assert lines() - used(parse_document(everything())) == UNUSUAL


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_element_of_a_header_has_a_place(path):
    assert [str(finding) for finding in unmapped(parse_document(path.read_bytes()))] == []


def test_every_element_of_the_table_says_where_it_goes():
    wrappers = {"place", "assignedCustodian", "order", "parentDocument", "consent", "location", "healthCareFacility"}
    silent = {tag.rpartition("}")[2] for known in places().values() for tag, place in known.items() if not place.fhir}
    assert silent <= wrappers


def test_the_page_of_the_header_is_the_table():
    text = PAGE.read_text("utf-8")
    for group, known in places().items():
        assert f"\n## {group}\n" in text
        for tag, place in known.items():
            assert f"| `{local_tag(tag)}` | {place.fhir} |" in text, "run scripts/cda_header_page.py"
