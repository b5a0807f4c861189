"""Userinfo: read whatever its shape, believed only about its subject."""

import json
from importlib.resources import files

import pytest

from usager_server.accounts.session import Exercise
from usager_server.errors import ServiceRefused
from usager_server.national.psc.identity import ProfessionalIdentity, identity_of

PEOPLE = json.loads(files("usager_server.national.psc").joinpath("stand_in/people.json").read_bytes())
DOCTOR, NURSE, NEWCOMER, DRIFTED = PEOPLE


def identity(person: dict, **changes) -> ProfessionalIdentity:
    """Read the userinfo of a person, with changes."""
    return identity_of({**person, "sub": "f:1", **changes}, "f:1")


def test_a_doctor_with_two_activities_has_two_situations():
    found = identity(DOCTOR)
    assert (found.national_id, found.rpps, found.profession) == ("819990000002", "19990000002", "10")
    assert found.situations == (
        Exercise("10C", 0, "SA07", "640000001", "EHPAD LES TILLEULS"),
        Exercise("10C", 1, "SA08", "", "CABINET MEDICAL"),
    )


def test_somebody_without_reference_data_has_no_situation_and_no_rpps():
    found = identity(NEWCOMER)
    assert (found.national_id, found.rpps, found.situations, found.profession) == ("5640000003/42", None, (), None)


def test_keys_that_moved_are_read_as_far_as_they_are_known():
    assert identity(DRIFTED).situations == (
        Exercise("10C", 0, "SA07", "640000004", "MAS DU LAC"),
        Exercise("60C", 0, "SA07"),
    )


def test_the_rpps_is_read_from_the_identifier_when_nothing_else_says_it():
    assert identity(NURSE, otherIds=[]).rpps == "19990000010"


@pytest.mark.parametrize("wrong", ["819990000011", "8199900000101", "719990000010"])
def test_an_identifier_that_holds_no_rpps_is_left_whole(wrong):
    found = identity(NURSE, otherIds=[], SubjectNameID=wrong)
    assert (found.national_id, found.rpps) == (wrong, None)


def test_empty_texts_are_absent():
    found = identity(NURSE, family_name="", SubjectRole=[""], Secteur_Activite="", SubjectNameID=" ")
    assert (found.family, found.profession, found.national_id) == ("", None, NURSE["preferred_username"])


@pytest.mark.parametrize(
    "changes", [{"SubjectRefPro": []}, {"SubjectRefPro": {"exercices": 3}}, {"otherIds": "x"}, {"SubjectRole": None}]
)
def test_a_shape_that_was_never_seen_does_not_stop_a_sign_in(changes):
    assert identity(NURSE, **changes).national_id == "819990000010"


def test_userinfo_about_somebody_else_is_refused():
    with pytest.raises(ServiceRefused, match="another subject"):
        identity(NURSE, sub="f:2")


@pytest.mark.parametrize("names", [("", ""), (8, "a\nb")])
def test_userinfo_without_a_national_identifier_is_refused(names):
    with pytest.raises(ServiceRefused, match="no national identifier"):
        identity(NURSE, SubjectNameID=names[0], preferred_username=names[1])
