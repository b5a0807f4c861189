"""$vaccination-schedule."""

import pytest

from tests.served import make_client, make_house
from usager_server.interactions.session import House
from usager_server.operations.vaccination_schedule import vaccination_schedule
from usager_server.repository.postgres import PostgresStore


@pytest.mark.requirement("SC.VACC/SCHEMA.01")
async def test_the_link_that_is_set_is_given(shared_store: PostgresStore, house: House, tenant: int):
    address = "https://example.org/calendrier"
    operations = [vaccination_schedule]
    served = make_house(shared_store, house.registry, house.validator, operations, vaccination_schedule_url=address)
    async with make_client(served, tenant) as client:
        answer = (await client.get("/$vaccination-schedule")).json()
    assert answer["parameter"][0] == {"name": "link", "valueUrl": address}
    assert served.validator.structure(answer, "Parameters") == []
