"""Traits in a Patient and out of it."""

from dataclasses import replace

import pytest

from tests.identity.people import ADRUN
from usager_server.identity import words
from usager_server.identity.traits import Traits, traits_of, with_traits

ALL = replace(ADRUN, birth_date_estimated=True, used_name="MARTIN", used_given_name="Zo")


@pytest.mark.requirement("INS/va1.08", "INS/va1.15")
@pytest.mark.parametrize("traits", [ALL, ADRUN, Traits(), replace(ALL, sex="I", birth_place="99352")])
def test_traits_come_back_as_they_were_written(traits):
    assert traits_of(with_traits({"resourceType": "Patient"}, traits)) == traits


def test_what_is_no_trait_stays_where_it_is():
    patient = {
        "resourceType": "Patient",
        "name": [
            {"use": "nickname", "text": "Zo"},
            {"use": "official", "family": "X", "given": ["A", "B"], "prefix": ["MME"]},
            {"use": "usual", "given": ["A", "B"]},
        ],
        "_birthDate": {"extension": [{"url": "urn:x", "valueString": "y"}]},
        "birthDate": "1950-01-01",
    }
    made = with_traits(patient, replace(traits_of(patient), birth_name="Y"))
    assert [name["use"] for name in made["name"]] == ["nickname", "official", "usual"]
    assert made["name"][1]["prefix"] == ["MME"]
    assert made["name"][2]["given"] == ["A", "B"]
    assert made["_birthDate"] == patient["_birthDate"]


def test_several_given_names_are_the_list_when_no_extension_says_it():
    traits = traits_of({"name": [{"family": "X", "given": ["JEAN", "PIERRE"]}]})
    assert (traits.first_birth_given_name, traits.birth_given_names) == ("JEAN", "JEAN PIERRE")


def test_the_place_is_read_where_each_release_writes_it():
    older = {"extension": [{"url": words.BIRTH_PLACE, "valueAddress": {"district": "63220", "city": "Malintrat"}}]}
    assert traits_of(older).birth_place == "63220"


def test_another_place_forgets_what_was_said_of_the_first():
    patient = with_traits({}, ADRUN)
    patient["extension"][0]["valueAddress"]["country"] = "FRA"
    moved = with_traits(patient, replace(ADRUN, birth_place="99352", birth_place_label="ALGERIE"))
    assert "country" not in moved["extension"][0]["valueAddress"]
    assert "country" in with_traits(patient, replace(ADRUN, used_name="M"))["extension"][0]["valueAddress"]
