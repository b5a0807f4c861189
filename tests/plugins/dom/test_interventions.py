"""Patient/[id]/$interventions of the profile DOM."""

from typing import Any

import httpx
import pytest

from tests.whole import stored, values
from usager_dom.interventions import Activity, activity

PATIENT = {"resourceType": "Patient", "name": [{"family": "Kervella"}]}


def visit(start: str, end: str | None, status: str = "finished", patient: str = "Patient/x") -> dict[str, Any]:
    """Return a visit at home."""
    return {
        "resourceType": "Encounter",
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"},
        "subject": {"reference": patient},
        "period": {"start": start} | ({"end": end} if end else {}),
    }


def test_minutes_are_added_up_across_a_change_of_hour():
    visits = [
        visit("2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        visit("2026-03-30T08:00:00Z", "2026-03-30T08:45:30Z"),
    ]
    assert activity(visits) == Activity(visits=2, minutes=105, unfinished=0)


@pytest.mark.parametrize(
    "unmeasured",
    [visit("2026-03-01T08:00:00Z", None), visit("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z", "cancelled")],
)
def test_visits_that_cannot_be_measured_are_counted_apart(unmeasured):
    assert activity([unmeasured]) == Activity(visits=0, minutes=0, unfinished=1)


async def test_the_visits_of_a_period_are_counted(client: httpx.AsyncClient):
    patient = await stored(client, PATIENT)
    for start, end in [
        ("2026-03-02T08:00:00Z", "2026-03-02T08:30:00Z"),
        ("2026-03-31T18:00:00Z", "2026-03-31T19:00:00Z"),
    ]:
        await stored(client, visit(start, end, patient=patient))
    await stored(client, visit("2026-04-02T08:00:00Z", "2026-04-02T09:00:00Z", patient=patient))
    answer = await client.get(f"/fhir/{patient}/$interventions?start=2026-03-01&end=2026-03-31")
    assert values(answer.json()) == {"visits": 2, "minutes": 90, "unfinished": 0}


async def test_a_period_that_ends_before_it_starts_is_refused(client: httpx.AsyncClient):
    patient = await stored(client, PATIENT)
    answer = await client.get(f"/fhir/{patient}/$interventions?start=2026-03-31&end=2026-03-01")
    assert answer.status_code == 400


async def test_it_is_absent_where_the_profile_is_off(bare_client: httpx.AsyncClient):
    assert (await bare_client.get("/fhir/Patient/1/$interventions?start=2026-03-01&end=2026-03-31")).status_code == 404
