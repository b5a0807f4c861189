"""The HL7 R4 examples (CC0, npm `hl7.fhir.r4.examples` 4.0.1) and what "the same content" means."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from tests.proofs.npm import package

FULL = os.environ.get("USAGER_TEST_FULL") == "1"
SAMPLE = 600
LARGEST_BYTES = 3_000_000 if FULL else 60_000


@dataclass(frozen=True, slots=True)
class Example:
    """One file of the package: its name, and its text as published."""

    name: str
    path: Path
    type: str
    id: str

    @property
    def text(self) -> str:
        """Return the JSON text as published."""
        return self.path.read_text(encoding="utf-8")


def examples(folder: Path | None = None) -> list[Example]:
    """Return every example; the second copy of the same resource (ig-r4.json) left out."""
    folder = folder or package("hl7.fhir.r4.examples", "4.0.1")
    names = (path for path in sorted(folder.glob("*.json")) if path.name not in ("package.json", "ig-r4.json"))
    return [_example(path) for path in names if not path.name.startswith(".")]


def sample(every: list[Example], count: int = SAMPLE) -> list[Example]:
    """Return some examples of each type, small ones, always the same; all of them with USAGER_TEST_FULL=1."""
    small = [example for example in every if example.path.stat().st_size <= LARGEST_BYTES]
    if FULL:
        return every
    by_type: dict[str, list[Example]] = defaultdict(list)
    for example in small:
        by_type[example.type].append(example)
    chosen: list[Example] = []
    for rank in range(max(map(len, by_type.values()))):
        chosen += [group[rank] for group in by_type.values() if rank < len(group)]
    return chosen[:count]


def _example(path: Path) -> Example:
    text = path.read_text(encoding="utf-8")
    tree = json.loads(text)
    return Example(path.name, path, tree["resourceType"], tree["id"])


def content(text: str | bytes) -> list[tuple[str, str]]:
    """Return the content of a resource as (path, literal) pairs, in the order of the document.

    Shape   numbers keep their digits; id, meta.versionId and meta.lastUpdated, which the server owns, are left out.
            The bytes of a Binary are kept as bytes: of its base64 only the blanks between may differ.
    """
    tree = json.loads(text, parse_float=_Digits, parse_int=_Digits)
    if tree["resourceType"] == "Binary" and "data" in tree:
        tree["data"] = "".join(tree["data"].split())
    del tree["resourceType"]  # always first here; 72 of the examples have it elsewhere
    tree.pop("id", None)
    meta = tree.pop("meta", {})
    own = {key: value for key, value in meta.items() if key not in ("versionId", "lastUpdated")}
    return [*_leaves(tree, ""), *_leaves(own, "meta")]


def unordered(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the same content whatever the order of names (arrays stay: their positions are in the paths).

    Narratives are compared as canonical XML: the XML form may write the same XHTML in other words.
    """
    return sorted((path, canonical_div(value) if path.endswith("text.div") else value) for path, value in pairs)


def canonical_div(literal: str) -> str:
    """Return a narrative as canonical XML, entities resolved."""
    text = re.sub(r"&(?!(amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(\w+);", _entity, json.loads(literal))
    return etree.tostring(etree.fromstring(text.encode()), method="c14n2").decode()


def difference(expected: list[tuple[str, str]], found: list[tuple[str, str]]) -> str:
    """Return the first difference of two contents in words; empty when they are the same."""
    if expected == found:
        return ""
    for ours, theirs in zip(expected, found, strict=False):
        if ours != theirs:
            return f"{ours[0]} {ours[1][:120]} became {theirs[0]} {theirs[1][:120]}"
    return f"{len(expected)} values became {len(found)}: {(expected + found)[min(len(expected), len(found))]}"


class _Digits(str):
    """A number as it is written."""


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{path}[{position}]")
    else:
        yield path, str(value) if isinstance(value, _Digits) else json.dumps(value)


def _entity(match: re.Match[str]) -> str:
    from html.entities import name2codepoint

    return f"&#{name2codepoint[match[2]]};"
