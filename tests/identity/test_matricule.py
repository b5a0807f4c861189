"""The matricule INS: form, key, identifiers."""

import pytest

from usager_server.identity.matricule import (
    DEMO,
    NIA,
    NIR,
    TEST,
    Matricule,
    identifier_of,
    is_ins,
    key_of,
    matricule_of,
    received_of,
)

RIGHT = [
    "297022A02077878",
    "180032B02040123",
    "275126322074974",
    "236066322083656",
    "109076322083489",
    "110086322083060",
    "253072A07300443",
    "253072B07300470",
    "277010115400329",
    "279035121518989",
]
WRONG_KEY = ["181036322045660", "221042545611404", "222127505611201"]
NSS = {
    "use": "official",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NH"}]},
    "system": "urn:oid:1.2.250.1.213.1.4.8",
    "value": "275126322074974",
}


@pytest.mark.requirement("INS/va1.08")
@pytest.mark.parametrize("value", RIGHT)
def test_the_key_of_a_matricule(value):
    assert key_of(value[:13]) == value[13:]
    assert Matricule(value, NIR).has_right_key


@pytest.mark.parametrize("value", WRONG_KEY)
def test_a_wrong_key_is_seen_on_a_well_formed_matricule(value):
    assert Matricule(value, NIR).is_well_formed
    assert not Matricule(value, NIR).has_right_key


@pytest.mark.parametrize(
    "value", ["", "27512632207497", "2751263220749744", "275122C20749744", "27512632207497A", "٢75126322074974"]
)
def test_what_is_no_matricule(value):
    assert not Matricule(value, NIR).is_well_formed


def test_an_unknown_oid_makes_no_matricule():
    assert not Matricule(RIGHT[0], "1.2.250.1.213.1.4.2").is_well_formed


def test_only_the_oid_says_of_which_kind_it_is():
    kinds = [Matricule("109076322088835", oid).kind for oid in (NIR, NIA, TEST, DEMO)]
    assert kinds == ["NIR", "NIA", "test", "demo"]


def test_a_key_is_asked_of_a_body_only():
    with pytest.raises(ValueError, match="13 digits"):
        key_of("275")


def test_a_social_security_number_is_no_ins():
    assert not is_ins(NSS)
    assert matricule_of({"identifier": [NSS]}) is None


def test_a_temporary_matricule_is_received_and_not_in_force():
    patient = {"identifier": [identifier_of(Matricule(RIGHT[0], NIR), "temp")]}
    assert matricule_of(patient) is None
    assert received_of(patient) == Matricule(RIGHT[0], NIR)
