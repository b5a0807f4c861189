"""The ledgers: every requirement once, and nothing called done that is not proven."""

from dataclasses import replace

import pytest

from tests.house.files import ROOT
from tests.house.proofs import Proofs, complaints, proofs
from usager_server.plugins import survey
from usager_server.requirements.facts import Fact, facts, names
from usager_server.requirements.ledger import Requirement
from usager_server.requirements.report import markdown_text

UNPROVEN = Proofs(code=(), tests=(), scenarios=())
PROVEN = Proofs(code=["A.01"], tests=["A.01"], scenarios=["A.01"])
FACTS = {"A.01": Fact("A.01", "3.2.1", "1.1", 2, "mandatory", "data", ("general",), "")}
DONE = Requirement("A.01", "done", "Ce qui est demandé")


def test_the_ledgers_hold_every_requirement_once_and_call_nothing_done_unproven():
    lines = [line for ledger in survey().ledgers.values() for line in ledger]
    assert list(complaints(facts(), lines, proofs())) == []


def test_the_facts_are_those_of_the_referentiel():
    obligations = [fact.obligation for fact in facts().values()]
    counts = {kind: obligations.count(kind) for kind in sorted(set(obligations))}
    assert counts == {"mandatory": 235, "retired": 180, "suggestion": 6}
    assert sum(fact.spared == "ahi" for fact in facts().values()) == 23


def test_every_chapter_and_function_has_a_name():
    assert {fact.chapter for fact in facts().values()} == set(names()["chapter"])
    assert {fact.function for fact in facts().values()} == set(names()["function"])


def test_every_requirement_in_force_has_a_title_of_its_own():
    titles = [line.title for ledger in survey().ledgers.values() for line in ledger if line.status != "retired"]
    assert len(titles) == len(set(titles))


def test_a_proven_line_is_no_complaint():
    assert list(complaints(FACTS, [DONE], PROVEN)) == []


@pytest.mark.parametrize(
    ("lines", "found", "told"),
    [
        ([], UNPROVEN, "A.01 is in no ledger"),
        ([DONE, DONE], PROVEN, "A.01 is in the ledgers 2 times"),
        ([DONE, Requirement("B.01", "todo", "Autre")], PROVEN, "B.01 is unknown to the référentiel"),
        ([DONE], replace(PROVEN, code=()), "no function is marked @fulfils('A.01')"),
        ([DONE], replace(PROVEN, tests=()), "no test is marked requirement('A.01')"),
        ([DONE], replace(PROVEN, scenarios=()), "A.01 is done, and no scenario proves it"),
        ([replace(DONE, where="profiles/nowhere.json")], PROVEN, "profiles/nowhere.json, which is not there"),
        ([DONE], replace(PROVEN, tests=["A.01", "A.1"]), "A.1 is proven somewhere and unknown"),
        ([Requirement("A.01", "retired")], UNPROVEN, "A.01 is retired in its ledger and mandatory"),
        ([replace(DONE, profiles=("pa", "pde"))], PROVEN, "A.01 names the profiles ['pa', 'pde']"),
        ([replace(DONE, ships=("NOWHERE.md",))], PROVEN, "A.01 ships NOWHERE.md, which is not there"),
    ],
)
def test_what_is_wrong_with_a_ledger_is_told(lines, found, told):
    assert [it for it in complaints(FACTS, lines, found) if told in it]


def test_a_line_met_by_a_file_needs_no_function():
    assert list(complaints(FACTS, [replace(DONE, where="requirements.toml")], replace(PROVEN, code=()))) == []


def test_deleting_any_line_of_a_ledger_is_told():
    lines = [line for ledger in survey().ledgers.values() for line in ledger]
    gone = lines.pop(len(lines) // 2)
    assert list(complaints(facts(), lines, proofs())) == [f"{gone.id} is in no ledger"]


def test_the_page_of_conformance_is_up_to_date():
    in_force = [it for it in survey().requirements if it.line.status != "retired"]
    written = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert written == markdown_text(in_force), "run make conformance"
