"""What a caller is told does not depend on what is out of their reach; what they do changes nothing there.

Two tenants: in one there is a patient b beside patient a, in the other there is not. The same random interactions by
the client of patient a get the same answers, byte for byte, and leave every byte about b as it was.
"""

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access.acting import FULL, Act, acts, told
from tests.access.conftest import ClientOf, observation, person
from tests.interactions.conftest import TENANTS
from tests.served import FHIR_JSON
from usager_server.access.grant import Grant

MINE, THEIRS = ("a-blood", "a-pressure"), ("b-blood", "b-pressure")
NAMES = (*MINE, *THEIRS, "nothing")
# A PUT to an id that somebody else has cannot create it, and says so: ids that are free are tried alone.
ACTS = acts(NAMES, (*MINE, "new"), ("a", "b", "nobody"))
VIEW = (
    "/Patient/b",
    "/Observation/b-blood",
    "/Observation/b-pressure/_history",
    "/Patient/b/Observation?_total=accurate&_count=1000",
    "/Patient?_has:Observation:subject:code=718-7&_id=b&_total=accurate",
)
GRANTS: dict[str, Callable[[], Grant]] = {
    "patient": lambda: Grant.of("patient/*.cruds", patient="a"),
    "patient, narrowed": lambda: Grant.of(
        "patient/Observation.cruds?category=laboratory patient/Patient.rs", patient="a"
    ),
    "structure": lambda: Grant.of("user/*.cruds", structures=["house"], practitioner="Practitioner/doctor"),
}


async def filled(client_of: ClientOf, tenant: int, patients: tuple[str, ...]) -> httpx.AsyncClient:
    """Return a client of a tenant with these patients."""
    client = client_of(tenant)
    structures = {"a": "house", "b": "other"}
    for patient in patients:
        of = {"managingOrganization": {"reference": f"Organization/{structures[patient]}"}}
        resources = [
            person(patient, "Martin" if patient == "a" else "Secret", **of),
            {**observation(patient, "718-7", "laboratory"), "id": f"{patient}-blood"},
            {**observation(patient, "8480-6", "exam"), "id": f"{patient}-pressure"},
        ]
        for each in resources:
            answer = await client.put(f"/{each['resourceType']}/{each['id']}", json=each, headers=FHIR_JSON)
            assert answer.status_code == 201
    return client


@pytest.mark.timeout(3600 if FULL else 300)
@pytest.mark.parametrize("grant", GRANTS)
@settings(max_examples=300 if FULL else 8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tried=st.lists(ACTS, min_size=4, max_size=16))
async def test_nothing_depends_on_what_is_out_of_reach(
    client_of: ClientOf, owner: asyncpg.Connection, grant: str, tried: list[Act]
) -> None:
    tenants = next(TENANTS), next(TENANTS)
    await owner.executemany("INSERT INTO tenant (tenant, name) VALUES ($1, 'test')", [(each,) for each in tenants])
    everyone = await filled(client_of, tenants[0], ("a", "b"))
    await filled(client_of, tenants[1], ("a",))
    before = [(await everyone.get(address)).text for address in VIEW]
    with_b, without_b = (client_of(tenant, GRANTS[grant]()) for tenant in tenants)
    for act in tried:
        answers = [told(await act.done_by(client)) for client in (with_b, without_b)]
        assert answers[0] == answers[1], act
        assert "Secret" not in answers[0]
    assert [(await everyone.get(address)).text for address in VIEW] == before
