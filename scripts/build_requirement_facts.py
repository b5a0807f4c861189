"""Turn a list of the requirements of the référencement into `usager_server/requirements/facts.csv`.

    python scripts/build_requirement_facts.py REQUIREMENTS.json

The file holds one object for each identifier of the dossier de spécifications de référencement (DSR-MS-DUI-Va2): id,
chapter and function (as "3.2.1 – …", "1.1 – …"), wave, obligation, kind, profiles, exempt_if_only_ahi. Only these facts
are kept: what a requirement says is told in our own words, by its line in a ledger.
"""

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "server" / "usager_server" / "requirements" / "facts.csv"
COLUMNS = ("id", "chapter", "function", "wave", "obligation", "kind", "profiles", "spared")
CHAPTER = re.compile(r"(\d+(?:\.\d+)+)(?: ([a-z])\))?")
FUNCTION = re.compile(r"\d+\.\d+(?= –)")
GROUP = re.compile(r"[A-Z]+(?:/va1)?")


def facts(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows, in the order of the text; an identifier that stands for another comes after it."""
    twins = {entry["alias_of"]: entry for entry in entries if "alias_of" in entry}
    rows = []
    for entry in entries:
        if "alias_of" not in entry:
            rows.append(_row(entry))
        if twin := twins.get(entry["id"]):
            rows.append(_row({**twin, "chapter": entry["chapter"], "function": entry["function"]}))
    return rows


def _row(entry: Mapping[str, Any]) -> dict[str, str]:
    chapter = CHAPTER.match(entry["chapter"])
    if chapter is None:
        raise SystemExit(f"{entry['id']}: {entry['chapter']!r} does not begin with the number of a chapter")
    return {
        "id": entry["id"],
        "chapter": " ".join(filter(None, chapter.groups())),
        "function": _function(entry),
        "wave": str(entry["wave"]),
        "obligation": entry["obligation"],
        "kind": entry["kind"],
        "profiles": " ".join(entry["profiles"]),
        "spared": "ahi" if entry["exempt_if_only_ahi"] else "",
    }


def _function(entry: Mapping[str, Any]) -> str:
    numbered = FUNCTION.match(entry["function"])
    family = GROUP.match(entry["id"])
    if numbered is None and family is None:
        raise SystemExit(f"{entry['id']} belongs to no function and no family")
    return (numbered or family)[0]  # type: ignore[index]


def main() -> None:
    """Write the file."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    rows = facts(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
