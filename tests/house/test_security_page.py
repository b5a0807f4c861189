"""docs/security.md: each item of ASVS 5.0, levels 1 and 2, is judged once, and what is called met names its proof."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.house.files import ROOT

PAGE = ROOT / "docs" / "security.md"
ITEMS = (ROOT / "tests" / "house" / "asvs-5.0-levels-1-2.txt").read_text(encoding="ascii").split()
VERDICTS = ("met", "not applicable", "not met", "operator")
ROW = re.compile(r"\| (V\d+\.\d+\.\d+) \| (.+?) \| (.+?) \| (.+) \|")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_\w+)`")
WHOSE = re.compile(r"\b(us|operator|FHIR|authors)\b[^()]*\)$|^as \d|the vendor's")


class Row(NamedTuple):
    """One judgement."""

    item: str
    subject: str
    verdict: str
    why: str


@cache
def rows() -> tuple[Row, ...]:
    """Return the judgements of the page."""
    return tuple(Row(*found.groups()) for found in ROW.finditer(PAGE.read_text(encoding="utf-8")))


@cache
def named_in(path: Path) -> set[str]:
    """Return the names of the functions in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def asserting_in(path: Path) -> set[str]:
    """Return the functions of a file that assert or expect an error, themselves or by another one of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found: set[str] = set()
    while more := {each.name for each in functions if each.name not in found and _asserts(each, found)}:
        found |= more
    return found


def _asserts(function: ast.AST, asserting: set[str]) -> bool:
    called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    return any(isinstance(node, ast.Assert) for node in ast.walk(function)) or bool(
        called & (asserting | {"pytest.raises"})
    )


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


CALLED = re.compile(r"^    (\w+): (?:CalledAddress|PostgresAddress|MailServer|HostAndPort)\b", re.MULTILINE)


def test_every_address_that_is_called_is_told() -> None:
    settings = (ROOT / "server" / "usager_server" / "settings.py").read_text(encoding="utf-8")
    told = PAGE.read_text(encoding="utf-8").partition("## Where it connects")[2].partition("\n## ")[0]
    names = [f"`USAGER_{name.upper()}`" for name in [*CALLED.findall(settings), "psc_issuer"]]
    assert len(names) > 8
    assert [name for name in names if name not in told] == []


KEY_FILES = re.compile(r"^    (\w*(?:certificate|keys?)_file): ", re.MULTILINE)


def test_every_file_with_a_key_is_in_the_inventory() -> None:
    settings = (ROOT / "server" / "usager_server" / "settings.py").read_text(encoding="utf-8")
    told = PAGE.read_text(encoding="utf-8").partition("## Keys")[2].partition("\n### ")[0]
    names = [f"`USAGER_{name.upper()}`" for name in KEY_FILES.findall(settings)]
    assert len(names) > 8
    assert [name for name in names if name not in told] == []


def test_each_item_is_judged_once() -> None:
    assert len(ITEMS) == 253
    assert Counter(row.item for row in rows()) == Counter(ITEMS)


def test_the_verdicts_are_those_that_there_are_and_are_counted() -> None:
    counts = Counter(row.verdict for row in rows())
    assert set(counts) == set(VERDICTS)
    page = PAGE.read_text(encoding="utf-8")
    assert [verdict for verdict in VERDICTS if f"| {verdict} | {counts[verdict]} |" not in page] == []


def test_what_is_met_names_one_test_or_the_page() -> None:
    met = [row for row in rows() if row.verdict == "met"]
    assert [row for row in met if not (TEST.fullmatch(row.why) or LINK.search(row.why) or row.why == "this page")] == []


def test_every_test_that_is_named_is_there() -> None:
    named = [found for row in rows() for found in TEST.findall(row.why)]
    assert [f"{path}::{name}" for path, name in named if name not in named_in(ROOT / path)] == []


def test_every_test_that_is_named_asserts_something() -> None:
    named = [found for row in rows() for found in TEST.findall(row.why)]
    assert [f"{path}::{name}" for path, name in named if name not in asserting_in(ROOT / path)] == []


def test_what_is_not_met_says_who_can_mend_it() -> None:
    assert [row for row in rows() if row.verdict == "not met" and not WHOSE.search(row.why)] == []


def test_what_is_the_operators_says_where_it_is_told() -> None:
    lost = [row for row in rows() if row.verdict == "operator" and not (LINK.search(row.why) or TEST.search(row.why))]
    assert lost == []


def test_every_link_leads_somewhere() -> None:
    for link in LINK.findall(PAGE.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if not link.startswith("https://"):
            target = (PAGE.parent / path).resolve() if path else PAGE
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link
