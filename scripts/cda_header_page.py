"""Writes docs/cda/header.md from the table that the library reads (`usager_cda/data/header.csv`)."""

from pathlib import Path

from usager_cda.coverage import ANYTHING, Place, places
from usager_cda.tree import local_tag

PAGE = Path(__file__).parents[1] / "docs" / "cda" / "header.md"
TITLE = """# Where each element of the CDA header goes

Made by `python scripts/cda_header_page.py` from `cda/usager_cda/data/header.csv`; a test compares the two. An element
that is not in the table stays in the original document only, and is reported. A guardian's
`code` and a parent document's `setId` are read but not written by `$fhir-to-cda`: the CI-SIS has no place for them.
Of an order (`inFulfillmentOf`) the ids are carried; its `code` and its `ps3-20:accessionNumber` stay in the original
document only, and are reported.
"""


def page() -> str:
    """Return the text of the page."""
    groups = [_group(name, places()[name]) for name in places()]
    return TITLE + "".join(groups)


def _group(name: str, known: dict[str, Place]) -> str:
    lines = [f"| `{local_tag(tag)}` | {place.fhir} | {_inside(place.children)} |" for tag, place in known.items()]
    return f"\n## {name}\n\n| element | FHIR | inside it |\n|---|---|---|\n" + "\n".join(lines) + "\n"


def _inside(children: str) -> str:
    if children == ANYTHING:
        return "all of it"
    return f"[{children}](#{children.lower()})" if children else ""


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
