"""When an identity is to be verified."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.identity.people import NOW, after, of_status, retrieved
from usager_server.identity import events
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import NIA, Matricule
from usager_server.identity.status import Status
from usager_server.national.insi.verifying.due import watched_of, years_after

pytestmark = pytest.mark.requirement("SC.INS.13", "P-INS-12")
EARLIER = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("status", [Status.recuperee, Status.qualifiee])
def test_an_ins_is_due_four_years_after_insi_gave_it(status):
    watched = watched_of(of_status(status))
    assert (watched.verified, watched.due, watched.is_nia) == (EARLIER, datetime(2030, 3, 1, 8, tzinfo=UTC), False)


def test_a_verification_that_holds_begins_four_years_anew():
    patient = after(of_status(Status.qualifiee), events.Verified(NOW, "verifier", "uuid:2"))
    assert watched_of(patient).due == datetime(2030, 5, 4, 10, tzinfo=UTC)


def test_a_nia_is_told_from_a_nir():
    nia = retrieved(matricule=Matricule("109076322088835", NIA))
    assert watched_of(after(of_status(Status.provisoire), nia)).is_nia


@pytest.mark.parametrize(
    "patient",
    [
        of_status(Status.provisoire),
        of_status(Status.validee),
        of_status(Status.recuperee, Attribute.douteuse),
        of_status(Status.qualifiee, Attribute.fictive),
        {**of_status(Status.qualifiee), "active": False},
        after(
            of_status(Status.qualifiee),
            events.VerificationFailed(NOW, replace(retrieved(), matricule="297022A02077878")),
        ),
    ],
)
def test_what_has_no_ins_or_waits_for_a_person_is_never_due(patient):
    assert watched_of(patient) is None


def test_the_29_of_february_has_an_anniversary():
    assert years_after(datetime(2024, 2, 29, tzinfo=UTC), 1) == datetime(2025, 3, 1, tzinfo=UTC)
