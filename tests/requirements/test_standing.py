"""What concerns a product, and how it is written."""

import csv
import io
import json

import pytest

from usager_server.plugins import survey
from usager_server.requirements import fulfils
from usager_server.requirements.facts import facts
from usager_server.requirements.ledger import Requirement
from usager_server.requirements.report import csv_text, json_text, table_text
from usager_server.requirements.standing import Standing, concerning, standings


def in_force(*profiles: str) -> dict[str, Standing]:
    """Return the requirements in force that concern a product with these profiles, by ID."""
    found = concerning(profiles, survey().requirements)
    return {it.fact.id: it for it in found if it.line.status != "retired"}


def test_general_concerns_everyone():
    assert "SC.INS.01" in in_force("pds")


def test_those_of_another_profile_do_not_concern_a_product():
    assert "MS.CDM/VT.01" not in in_force("pa")
    assert "MS.CDM/VT.01" in in_force("ph-avec-decision")


def test_a_shared_requirement_concerns_each_of_its_profiles_once():
    assert "MS.RPT/SSIAD.03" in in_force("pa", "dom-soins")
    assert "MS.CDA/FTSU.01" not in in_force("ph-avec-decision")


def test_ahi_as_the_only_sector_is_spared_23():
    spared = {fact.id for fact in facts().values() if fact.spared}
    assert len(spared) == 23
    assert spared.isdisjoint(in_force("ahi"))
    assert spared.isdisjoint(in_force("ahi", "sans-certificat-ins"))


@pytest.mark.parametrize("profiles", [("ahi", "pa"), ("pa",), ()])
def test_others_are_not_spared(profiles):
    assert {fact.id for fact in facts().values() if fact.spared} <= set(in_force(*profiles))


def test_an_id_that_the_referentiel_does_not_know_belongs_to_its_plugin():
    found = standings({"acme.plugin": [Requirement("ACME.01", "todo", "Le nôtre")]}, {"acme.plugin": ["acme"]})
    assert [it.fact.profiles for it in found] == [("acme",)]
    assert "ACME.01" in table_text(found)


def test_the_formats_tell_the_same():
    every = list(in_force().values())
    as_json = json.loads(json_text(every))
    as_csv = list(csv.DictReader(io.StringIO(csv_text(every))))
    assert [it["id"] for it in as_json] == [it["id"] for it in as_csv] == [it.fact.id for it in every]
    assert as_csv[0]["profiles"] == "general"


def test_a_function_bears_the_requirements_it_fulfils():
    @fulfils("A.01", "A.02")
    def act() -> None: ...

    assert act.__fulfils__ == ("A.01", "A.02")  # type: ignore[attr-defined]
