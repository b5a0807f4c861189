"""The text of scopes: what is read, what is refused, what is left aside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usager_server.access.scopes import BadScope, Scope, parse_scope, parse_scopes, scopes_text

LETTERS = [
    f"{c}{r}{u}{d}{s}" for c in ("", "c") for r in ("", "r") for u in ("", "u") for d in ("", "d") for s in ("", "s")
]
NARROWED = [(), (("category", "laboratory"),), (("category", "http://x.example|lab"), ("date", "2026-01-01"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("patient/Observation.rs", Scope("patient", "Observation", "rs")),
        ("user/*.cruds", Scope("user", "*", "cruds")),
        ("system/Patient.d", Scope("system", "Patient", "d")),
        (
            "user/Observation.rs?category=http://x.example%7Cvital-signs",
            Scope("user", "Observation", "rs", (("category", "http://x.example|vital-signs"),)),
        ),
        ("patient/*.rs?_security=N", Scope("patient", "*", "rs", (("_security", "N"),))),
    ],
)
def test_a_scope_is_read(text: str, expected: Scope):
    assert parse_scope(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "patient/Observation.",
        "patient/Observation",
        "patient/.rs",
        "patient/Observation.sr",  # out of order
        "patient/Observation.rrs",  # twice
        "patient/Observation.rx",
        "patient/observation.rs",
        "patient/**.rs",
        "Patient/Observation.rs",
        "patients/Observation.rs",
        "patient/Observation.rs ",
        "patient/Observation.rs\n",
        "patient/Observation.rs?",
        "patient/Observation.rs?category",
        "patient/Observation.rs?category=",
        "patient/Observation.rs?=a",
        "patient/Observation.rs?category=%ff",
        "patient/Observation.rs?code:in=x",
        "patient/Observation.rs?subject.name=x",
        "patient/Observation.rs?_has:Group:member:code=x",
        "patient/Observation.rs?_include=Observation:subject",
        "patient/Observation.rs?_filter=a",
        "patient/Observation.rs?_sort=date",
        "patient/Observation.rs?_count=1",
        "patient/Observation.rs?code=a,b",
        "patient/Observation.rs?code=a%20b",
        "patient/Observation.rs?code=a%00",
        "patient/Observation.rs?" + "&".join(f"p{n}=1" for n in range(6)),
        "patient/Observation.read?category=x",
        "patient/Öbservation.rs",
        "patient/",
        "user/",
    ],
)
def test_what_cannot_be_read_is_refused(text: str):
    with pytest.raises(BadScope):
        parse_scope(text)


def test_what_is_no_resource_scope_is_left_aside():
    found = parse_scopes("openid fhirUser launch/patient offline_access something/else patient/Patient.r")
    assert found == (Scope("patient", "Patient", "r"),)


def test_one_that_cannot_be_read_refuses_them_all():
    with pytest.raises(BadScope, match=r"patient/Patient\.sr"):
        parse_scopes("openid patient/Observation.rs patient/Patient.sr")


def test_scopes_of_v1_are_read_as_those_of_v2():
    assert scopes_text(parse_scopes("patient/*.read user/Task.write user/Patient.*")) == (
        "patient/*.rs user/Task.cud user/Patient.cruds"
    )


def test_v1_and_v2_do_not_mix():
    with pytest.raises(BadScope, match="v1"):
        parse_scopes("patient/*.read patient/Observation.rs")


@pytest.mark.parametrize("other", ["patient", "user"])
def test_system_stands_alone(other: str):
    with pytest.raises(BadScope, match="system/"):
        parse_scopes(f"system/*.rs {other}/Patient.r")


def test_patient_and_user_go_together():
    assert len(parse_scopes("patient/Observation.rs user/Practitioner.r")) == 2


def test_the_same_scope_twice_is_one():
    assert len(parse_scopes("user/Patient.r user/Patient.r")) == 1


@pytest.mark.parametrize("text", ["user/Patient.r " * 101, "x" * 5000])
def test_scopes_are_bounded(text: str):
    with pytest.raises(BadScope):
        parse_scopes(text)


@given(
    context=st.sampled_from(["patient", "user", "system"]),
    resource_type=st.sampled_from(["*", "Patient", "Observation"]),
    letters=st.sampled_from(LETTERS[1:]),
    parameters=st.sampled_from(NARROWED),
)
def test_a_scope_written_is_the_one_read(context, resource_type, letters, parameters):
    scope = Scope(context, resource_type, letters, parameters)
    assert parse_scope(str(scope)) == scope


@given(text=st.text(alphabet="paintuserym/*PO.cruds?=&:_% \n", max_size=40))
def test_whatever_is_sent_is_read_or_refused(text: str):
    try:
        scope = parse_scope(text)
    except BadScope:
        return
    assert set(scope.letters) <= set("cruds")
    assert list(scope.letters) == sorted(scope.letters, key="cruds".index)
    assert parse_scope(str(scope)) == scope
