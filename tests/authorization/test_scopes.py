"""What is granted of what is asked for: never more than asked, never more than registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usager_server.authorization.errors import OAuthError
from usager_server.authorization.scopes import granted_to_client, granted_to_person, narrowed, read_scopes

TYPES = st.sampled_from(["*", "Patient", "Observation"])
LETTERS = st.sets(st.sampled_from("cruds"), min_size=1).map(lambda them: "".join(it for it in "cruds" if it in them))
SCOPE = st.builds("user/{}.{}".format, TYPES, LETTERS)
SCOPES = st.lists(SCOPE, min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("asked", "allowed", "granted"),
    [
        ("user/Patient.rs", "user/*.cruds", "user/Patient.rs"),
        ("user/*.cruds", "user/Patient.rs", "user/Patient.rs"),
        ("user/Patient.cruds", "user/Patient.rs", "user/Patient.rs"),
        ("user/*.rs", "user/Patient.rs user/Observation.r", "user/Patient.rs user/Observation.r"),
        ("user/Observation.rs?category=laboratory", "user/*.rs", "user/Observation.rs?category=laboratory"),
        ("user/Observation.rs", "user/*.rs?category=laboratory", "user/Observation.rs?category=laboratory"),
        ("user/Patient.read", "user/Patient.cruds", "user/Patient.rs"),
        ("openid nonsense user/Patient.r", "openid user/*.r", "openid user/Patient.r"),
        ("user/Patient.r offline_access", "user/*.r", "user/Patient.r"),
    ],
)
def test_what_is_granted_to_a_person(asked: str, allowed: str, granted: str):
    assert granted_to_person(asked, allowed).text == granted


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("user/Patient.d", "user/Patient.rs"),
        ("patient/Patient.rs", "user/*.cruds"),
        ("system/Patient.rs", "system/*.rs user/*.rs"),
        ("launch/patient", "launch/patient user/*.rs"),
        ("", "user/*.rs"),
        ("user/Patient.rs user/Patient.read", "user/*.rs"),
    ],
)
def test_when_nothing_is_left_it_is_refused(asked: str, allowed: str):
    with pytest.raises(OAuthError) as refused:
        granted_to_person(asked, allowed)
    assert refused.value.code == "invalid_scope"


def test_a_client_by_itself_has_system_scopes():
    assert granted_to_client("system/Patient.rs", "system/*.rs user/*.rs").text == "system/Patient.rs"
    with pytest.raises(OAuthError):
        granted_to_client("user/Patient.rs", "system/*.rs user/*.rs")


def test_administration_is_granted_by_its_name():
    assert granted_to_client("usager/clients", "usager/clients").text == "usager/clients"
    with pytest.raises(OAuthError):
        granted_to_client("usager/clients", "system/*.rs")


def test_narrowing_drops_a_word():
    granted = read_scopes("openid online_access user/Patient.rs")
    assert narrowed("user/Patient.r", granted).text == "user/Patient.r"
    for more in ("user/Patient.rsd", "user/*.r", "user/Observation.r", "patient/Patient.r", "unknown"):
        with pytest.raises(OAuthError):
            narrowed(more, granted)


@given(SCOPES, SCOPES)
def test_nothing_is_granted_that_was_not_asked_and_registered(asked: str, allowed: str):
    try:
        granted = granted_to_person(asked, allowed)
    except OAuthError:
        return
    for kind in ("Patient", "Observation", "Task"):
        for letter in "cruds":
            if any(scope.covers(kind, letter) for scope in granted.scopes):
                assert any(scope.covers(kind, letter) for scope in read_scopes(asked).scopes)
                assert any(scope.covers(kind, letter) for scope in read_scopes(allowed).scopes)
