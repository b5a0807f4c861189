"""What is said of a version by its own index rows is what the SQL says of the same version once it is stored."""

from typing import Any

import pytest

from tests.access.conftest import World, observation
from tests.access.test_rights import episode, team
from usager_server.access.grant import Grant
from usager_server.access.holding import Version, chained_in, holds, pointed_by
from usager_server.access.reach import Reach
from usager_server.interactions.session import House
from usager_server.search.hashing import reference_hash
from usager_server.search.lookups import Strings

STORED: list[dict[str, Any]] = [
    {**observation("a"), "id": "one"},
    {**observation("b", "718-7", "laboratory", effectiveDateTime="2026-01-01"), "id": "two"},
    {**observation("a", effectivePeriod={"start": "2026-01-01", "end": "2026-02-01"}), "id": "three"},
    {**observation("b", meta={"tag": [{"system": "urn:x", "code": "1"}]}), "id": "four"},
    {**observation("a", meta={"tag": [{"code": "1"}]}, performer=[{"reference": "Patient/b"}]), "id": "five"},
    {"resourceType": "Condition", "id": "six", "subject": {"reference": "Patient/a"}},
    {"resourceType": "Task", "id": "seven", "status": "draft", "intent": "plan", "for": {"reference": "Patient/a"}},
    episode("eight", "a", "house"),
    team("nine", "b", "Practitioner/doctor"),
    {"resourceType": "Organization", "id": "ten", "name": "Les Lilas"},
]
GRANTS = [
    Grant.of("patient/*.rs", patient="a"),
    Grant.of("patient/*.rs", patient="nobody"),
    Grant.of("user/*.rs", structures=["house"]),
    Grant.of("user/*.rs", structures=[], practitioner="Practitioner/doctor"),
    Grant.of("system/*.rs?_tag=urn:x|1"),
    Grant.of("system/*.rs?_tag=1"),
    Grant.of("system/*.rs?_tag=|1"),
    Grant.of("system/*.rs?_tag=urn:x|"),
    Grant.of("system/Observation.rs?category=laboratory system/Observation.rs?subject=Patient/a"),
    Grant.of("system/Observation.rs?date=2026-01-01 system/Task.rs?_id=seven"),
    Grant.of("system/Observation.rs?date=2026-01"),
    Grant.of("user/Observation.rs?code=718-7 patient/Observation.rs", patient="a", structures=["house"]),
]


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: " ".join(map(str, grant.scopes)))
async def test_both_say_the_same(world: World, house: House, tenant: int, grant: Grant):
    for each in STORED:
        await world.put(each)
    reach = Reach(house.registry, tenant, grant)
    limited = house.repository(tenant).within(reach)
    numbers = house.definitions.type_numbers
    for each in STORED:
        kind, name = each["resourceType"], each["id"]
        within = reach.lookup((kind,), "r")
        if within is None or not reach.permits(kind, "r"):
            continue
        version = Version(numbers[kind], name, house.registry.index_rows(each, tenant))
        persons: set[int] = set()
        for chained in chained_in(within):
            for patient in ("a", "b"):
                self = reference_hash(tenant, f"Patient/{patient}")
                if self in pointed_by(chained, version) and await _is_open(house, tenant, grant, patient):
                    persons.add(self)
        stored = await limited.read(kind, name)
        assert holds(within, version, persons) == (stored is not None), name


async def _is_open(house: House, tenant: int, grant: Grant, patient: str) -> bool:
    """Say whether a person is within the rights of a professional, whatever the scopes are."""
    rights = Grant.of("user/Patient.r", structures=grant.structures, practitioner=grant.practitioner)
    limited = house.repository(tenant).within(Reach(house.registry, tenant, rights))
    return await limited.read("Patient", patient) is not None


def test_what_cannot_be_told_is_not_within_reach(house: House):
    version = Version(1, "one", house.registry.index_rows({"resourceType": "Basic", "id": "one"}, 1))
    assert not holds(Strings(((1, 1, "a", "b"),)), version, set())
