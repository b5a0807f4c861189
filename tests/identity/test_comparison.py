"""Two identities side by side."""

from dataclasses import replace

from tests.identity.people import ADRUN
from usager_server.identity.comparison import compare, is_same_person
from usager_server.identity.traits import STRICT


def verdicts(local, received, same_place=None):
    return {each.trait: each.verdict for each in compare(local, received, same_place)}


def test_each_strict_trait_is_compared_in_order():
    assert [each.trait for each in compare(ADRUN, ADRUN)] == list(STRICT)
    assert set(verdicts(ADRUN, ADRUN).values()) == {"concordant"}


def test_what_each_side_says_is_shown_as_it_says_it():
    shown = compare(replace(ADRUN, birth_name="Adrun"), ADRUN)[0]
    assert (shown.local, shown.received, shown.verdict) == ("Adrun", "ADRUN", "concordant")


def test_a_difference_and_a_silence_are_told_apart():
    found = verdicts(replace(ADRUN, birth_date="1975-12-30", birth_given_names=""), ADRUN)
    assert (found["birth_date"], found["birth_given_names"]) == ("different", "absent")


def test_the_list_speaks_for_a_first_given_name_that_insi_leaves_out():
    received = replace(ADRUN, first_birth_given_name="", birth_given_names="JEAN CHRISTOPHE")
    assert (
        verdicts(replace(ADRUN, first_birth_given_name="Jean-Christophe"), received)["first_birth_given_name"]
        == "concordant"
    )
    assert verdicts(replace(ADRUN, first_birth_given_name="PAUL"), received)["first_birth_given_name"] == "different"


def test_two_codes_of_one_place_agree():
    local = replace(ADRUN, birth_place="75050")
    assert verdicts(local, replace(ADRUN, birth_place="92050"))["birth_place"] == "different"
    assert verdicts(local, replace(ADRUN, birth_place="92050"), lambda one, other: True)["birth_place"] == "concordant"


def test_a_silence_makes_nobody_another_person():
    assert is_same_person(replace(ADRUN, birth_given_names=""), ADRUN)
    assert not is_same_person(replace(ADRUN, sex="M"), ADRUN)
