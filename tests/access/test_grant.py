"""The grant of a caller."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from usager_server.access.grant import Grant
from usager_server.access.scopes import BadScope
from usager_server.caller import Caller
from usager_server.http.context import parse_grant, parse_tokens


def test_patient_scopes_need_a_patient():
    with pytest.raises(BadScope, match="launch/patient"):
        Grant.of("patient/Observation.rs")


def test_a_grant_without_anything_permits_nothing():
    assert not Grant().is_everything
    assert Grant().scopes == ()


def test_what_changes_the_reach_changes_the_fingerprint():
    grant = Grant.of("patient/*.rs", patient="1")
    others = [
        replace(grant, patient="2"),
        replace(grant, client="other"),
        replace(grant, structures=frozenset({"a"})),
        replace(grant, roles=frozenset()),
        replace(grant, practitioner="Practitioner/1"),
        Grant.of("patient/*.r", patient="1"),
        Grant.everything(),
    ]
    assert len({each.fingerprint for each in [grant, *others]}) == len(others) + 1


def test_a_refreshed_token_has_the_same_fingerprint():
    grant = Grant.of("user/*.rs", session="one")
    refreshed = replace(grant, session="two", expires=datetime(2030, 1, 1, tzinfo=UTC))
    assert refreshed.fingerprint == grant.fingerprint


def test_two_grants_of_one_person_are_two_readers():
    one, other = (Caller(1, "a", "r", Grant.of(text)) for text in ("user/Patient.rs", "user/Patient.s"))
    assert one.reader != other.reader


def test_a_line_of_the_token_file_may_say_what_its_bearer_may_do():
    everything, narrowed = parse_tokens(
        "a 1 front end\nb 2 mobile app | patient/*.rs patient=p1 structure=a structure=b"
    )
    assert everything.grant.is_everything
    assert (narrowed.tenant, narrowed.subject) == (2, "mobile app")
    assert narrowed.grant == Grant.of("patient/*.rs", client="mobile app", patient="p1", structures=["a", "b"])


@pytest.mark.parametrize(
    "text", ["", "openid", "patient/*.rs", "user/*.sr", "user/*.r user/*.r", "user/*.r patient=1 patient=2", "x=y"]
)
def test_a_grant_of_the_token_file_is_read_strictly(text: str):
    with pytest.raises(BadScope):
        parse_grant(text)
    with pytest.raises(ValueError, match="line 1"):
        parse_tokens(f"a 1 name | {text}")
