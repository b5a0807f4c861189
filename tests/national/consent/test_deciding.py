"""What the Consents of a person decide."""

from datetime import UTC, datetime
from typing import Any

import pytest

from usager_server.national.consent.asking import is_minor
from usager_server.national.consent.deciding import answer_on, may
from usager_server.national.consent.subjects import CODE_SYSTEM, SYSTEM, UNANSWERED, Subject

NOW = datetime(2026, 3, 12, 10, tzinfo=UTC)
FEEDING, CONSULTATION = Subject.DMP_FEEDING, Subject.DMP_CONSULTATION


def consent(decides: str, when: str | None = "2026-03-01", *, episode: str = "", **more: Any) -> dict[str, Any]:
    """Return a Consent: "permit dmp-feeding", ..., about an episode when one is named."""
    kind, _, subject = decides.partition(" ")
    rule: dict[str, Any] = {"type": kind, "code": [{"coding": [{"system": SYSTEM, "code": subject}]}]}
    rule |= {"period": more.pop("period")} if "period" in more else {}
    provision: dict[str, Any] = {"provision": [rule]}
    if episode:
        provision["data"] = [{"meaning": "related", "reference": {"reference": f"EpisodeOfCare/{episode}"}}]
    dated = {"dateTime": when} if when else {}
    return {"resourceType": "Consent", "id": decides, "status": "active", **dated, "provision": provision, **more}


def allowed(subject: Subject, *consents: dict[str, Any], episode: str | None = "EpisodeOfCare/stay") -> bool:
    """Tell whether it may be done."""
    return may(subject, answer_on(subject, consents, episode, NOW))


def test_without_answer_the_dmp_is_fed_and_not_consulted():
    assert allowed(FEEDING) and not allowed(CONSULTATION)
    assert [each for each, holds in UNANSWERED.items() if not holds] == [CONSULTATION]


def test_an_answer_decides_its_own_subject():
    assert not allowed(FEEDING, consent("deny dmp-feeding"))
    assert allowed(CONSULTATION, consent("permit dmp-consultation"))
    assert not allowed(CONSULTATION, consent("permit dmp-feeding"), consent("permit something"))


def test_the_newest_answer_counts_whatever_the_order():
    answers = consent("deny dmp-feeding", "2026-03-01"), consent("permit dmp-feeding", "2026-03-02T09:00:00Z")
    assert allowed(FEEDING, *answers) and allowed(FEEDING, *reversed(answers))
    assert not allowed(FEEDING, *answers, consent("deny dmp-feeding", "2026-03-03"))


@pytest.mark.parametrize("when", [None, "2026-03", "2026-03-02", "2026-03-02T10:00:00+01:00"])
def test_when_it_is_not_told_which_is_newest_a_refusal_counts(when: str | None):
    assert not allowed(
        FEEDING, consent("deny dmp-feeding", when), consent("permit dmp-feeding", "2026-03-02T09:00:00Z")
    )


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
def test_only_an_active_consent_says_anything(status: str):
    assert not allowed(CONSULTATION, consent("permit dmp-consultation", status=status))


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        ({"start": "2026-01-01"}, True),
        ({"end": "2026-03-12"}, True),
        ({"end": "2026-03-11"}, False),
        ({"start": "2026-03-13"}, False),
    ],
)
def test_an_answer_holds_for_its_time(period: dict[str, str], holds: bool):
    assert allowed(CONSULTATION, consent("permit dmp-consultation", period=period)) is holds


def test_an_answer_for_one_episode_is_worth_nothing_for_another():
    for_stay, for_other = (consent("permit dmp-consultation", episode=each) for each in ("stay", "other"))
    assert allowed(CONSULTATION, for_stay) and not allowed(CONSULTATION, for_other)
    assert allowed(CONSULTATION, consent("permit dmp-consultation"))


def test_without_episode_a_refusal_of_any_counts_and_a_permission_of_one_does_not():
    assert not allowed(CONSULTATION, consent("permit dmp-consultation", episode="stay"), episode=None)
    assert not allowed(FEEDING, consent("deny dmp-feeding", episode="stay"), episode=None)
    assert allowed(CONSULTATION, consent("permit dmp-consultation"), episode=None)


@pytest.mark.parametrize(
    "reference", ["https://dui.example/fhir/EpisodeOfCare/stay", "EpisodeOfCare/stay/_history/2", "EpisodeOfCare/stay"]
)
def test_an_episode_is_the_same_however_it_is_named(reference: str):
    one = consent("permit dmp-consultation", episode="other")
    one["provision"]["data"][0]["reference"]["reference"] = reference
    assert allowed(CONSULTATION, one)


def test_a_consent_about_something_else_says_nothing():
    assert not allowed(CONSULTATION, {"resourceType": "Consent", "status": "active"})
    assert not allowed(CONSULTATION, {"resourceType": "Consent", "status": "active", "provision": {"type": "permit"}})


@pytest.mark.parametrize(
    ("born", "minor"),
    [("2008-03-12", False), ("2008-03-13", True), ("2008", True), ("2007", False), ("2008-03", True), (None, True)],
)
def test_who_is_a_minor(born: str | None, minor: bool):
    assert is_minor({"birthDate": born} if born else {}, NOW) is minor


def test_the_years_are_counted_on_a_29_february_too():
    assert not is_minor({"birthDate": "2006-02-28"}, datetime(2024, 2, 29, tzinfo=UTC))


def test_every_subject_has_its_code_with_words():
    assert [each["code"] for each in CODE_SYSTEM["concept"]] == list(Subject) == list(UNANSWERED)
