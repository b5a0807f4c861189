"""update."""

from httpx import AsyncClient

from tests.served import PATIENT, created, issue

MINE = {**PATIENT, "id": "mine"}


async def test_update_makes_the_next_version(client: AsyncClient):
    patient = await created(client)
    response = await client.put(f"/Patient/{patient['id']}", json={**patient, "active": True})
    assert response.status_code == 200
    assert response.json()["meta"]["versionId"] == "2"
    assert response.headers["etag"] == 'W/"2"'


async def test_an_unknown_id_is_created_under_the_id_of_the_client(client: AsyncClient):
    response = await client.put("/Patient/mine", json=MINE)
    assert response.status_code == 201
    assert response.headers["location"].endswith("/Patient/mine/_history/1")
    assert (await client.get("/Patient/mine")).status_code == 200


async def test_a_deleted_resource_comes_back_with_201(client: AsyncClient):
    await client.put("/Patient/mine", json=MINE)
    await client.delete("/Patient/mine")
    response = await client.put("/Patient/mine", json=MINE)
    assert response.status_code == 201
    assert response.json()["meta"]["versionId"] == "3"


async def test_if_match_of_the_current_version_updates(client: AsyncClient):
    await client.put("/Patient/mine", json=MINE)
    response = await client.put("/Patient/mine", json=MINE, headers={"If-Match": 'W/"1"'})
    assert response.status_code == 200


async def test_if_match_of_another_version_is_412(client: AsyncClient):
    await client.put("/Patient/mine", json=MINE)
    for etag in ('W/"2"', 'W/"abc"', "3"):
        response = await client.put("/Patient/mine", json=MINE, headers={"If-Match": etag})
        assert response.status_code == 412
        assert issue(response)["code"] == "conflict"


async def test_if_match_on_an_unknown_resource_creates_nothing(client: AsyncClient):
    response = await client.put("/Patient/mine", json=MINE, headers={"If-Match": 'W/"1"'})
    assert response.status_code in (404, 412)
    assert (await client.get("/Patient/mine")).status_code == 404


async def test_a_body_with_another_id_is_400(client: AsyncClient):
    response = await client.put("/Patient/other", json=MINE)
    assert response.status_code == 400
    assert issue(response)["expression"] == ["Patient.id"]


async def test_a_body_without_id_is_400_required(client: AsyncClient):
    response = await client.put("/Patient/mine", json=PATIENT)
    assert response.status_code == 400
    assert issue(response)["code"] == "required"


async def test_a_subset_is_not_stored_over_the_whole(client: AsyncClient):
    patient = await created(client)
    part = (await client.get(f"/Patient/{patient['id']}?_elements=name")).json()
    response = await client.put(f"/Patient/{patient['id']}", json=part)
    assert response.status_code == 422
    assert issue(response)["expression"] == ["Patient.meta.tag"]


async def test_if_none_match_of_anything_only_creates(client: AsyncClient):
    only_create = {"If-None-Match": "*"}
    assert (await client.put("/Patient/mine", json=MINE, headers=only_create)).status_code == 201
    assert (await client.put("/Patient/mine", json=MINE, headers=only_create)).status_code == 412
