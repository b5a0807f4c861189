"""$meta, $meta-add, $meta-delete."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from tests.served import FHIR_JSON, created, issue, make_client, make_house
from usager_server.interactions.session import House
from usager_server.operations.meta import meta, meta_add, meta_delete
from usager_server.repository.postgres import PostgresStore

TAG = {"system": "urn:example:tags", "code": "to-review"}


@pytest.fixture
async def client(shared_store: PostgresStore, house: House, tenant: int) -> AsyncIterator[AsyncClient]:
    """A client of a house with these operations."""
    operations = (meta, meta_add, meta_delete)
    async with make_client(make_house(shared_store, house.registry, house.validator, operations), tenant) as client:
        yield client


def labels(**meta: object) -> dict[str, object]:
    """Return the Parameters that carry a Meta."""
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


async def changed(client: AsyncClient, name: str, identifier: str, **meta: object) -> dict[str, object]:
    """Return the Meta that an operation answers."""
    response = await client.post(f"/Patient/{identifier}/${name}", json=labels(**meta), headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()["parameter"][0]["valueMeta"]
    return answer


async def test_added_labels_are_there_once_and_make_a_version(client: AsyncClient):
    patient = await created(client)
    assert (await changed(client, "meta-add", patient["id"], tag=[TAG]))["tag"] == [TAG]
    assert (await changed(client, "meta-add", patient["id"], tag=[TAG]))["tag"] == [TAG]
    read = (await client.get(f"/Patient/{patient['id']}")).json()
    assert (read["meta"]["versionId"], read["meta"]["tag"]) == ("2", [TAG])


async def test_labels_added_at_once_are_all_there(client: AsyncClient):
    patient = await created(client)
    tags = [{"system": "urn:example:tags", "code": f"t{number}"} for number in range(20)]
    await asyncio.gather(*(changed(client, "meta-add", patient["id"], tag=[tag]) for tag in tags))
    found = (await client.get(f"/Patient/{patient['id']}")).json()
    assert len(found["meta"]["tag"]) == 20


async def test_deleted_labels_are_gone(client: AsyncClient):
    patient = await created(client)
    await changed(client, "meta-add", patient["id"], tag=[TAG])
    await changed(client, "meta-delete", patient["id"], tag=[TAG])
    assert "tag" not in (await client.get(f"/Patient/{patient['id']}")).json()["meta"]


async def test_meta_is_read_by_get(client: AsyncClient):
    patient = await created(client)
    await changed(client, "meta-add", patient["id"], tag=[TAG])
    response = await client.get(f"/Patient/{patient['id']}/$meta")
    assert response.json()["parameter"][0]["valueMeta"] == {"tag": [TAG]}


async def test_a_change_by_get_is_405(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}/$meta-add")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_without_a_meta_it_is_400(client: AsyncClient):
    patient = await created(client)
    for content in (b"", b'{"resourceType":"Parameters"}', b'{"resourceType":"Parameters","parameter":[1]}'):
        response = await client.post(f"/Patient/{patient['id']}/$meta-add", content=content, headers=FHIR_JSON)
        assert response.status_code == 400
        assert issue(response)["code"] in ("required", "structure")


@pytest.mark.parametrize("tag", [5, None, [["a"]], [{"system": {}, "code": []}]])
async def test_a_meta_that_is_none_is_400(client: AsyncClient, tag: object):
    patient = await created(client)
    for name in ("meta-add", "meta-delete"):
        response = await client.post(f"/Patient/{patient['id']}/${name}", json=labels(tag=tag), headers=FHIR_JSON)
        assert response.status_code == 400
        assert issue(response)["expression"][0].startswith("Parameters.parameter[0].value.tag")


async def test_of_nothing_it_is_404(client: AsyncClient):
    assert (await client.get("/Patient/nobody/$meta")).status_code == 404
