"""update."""

import pytest
from httpx import AsyncClient

from tests.interactions.test_transaction import entry, sent
from tests.served import FHIR_JSON, PATIENT, created, issue

MINE = {**PATIENT, "id": "mine"}
ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "Les Tilleuls"}


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
    assert response.status_code == 412
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


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('W/"1"', 200),
        ('"1"', 200),
        ("1", 200),
        ("*", 200),
        (' W/"7" ,W/"1"', 200),
        ('W/"x,y", W/"1"', 200),
        ('W/"7", W/"8"', 412),
        ('W/"abc"', 412),
        ('W/"1 "', 412),
        ("abc", 400),
        ("W/1", 400),
        ("", 400),
        ('W/"1" W/"2"', 400),
        ('*, W/"1"', 400),
    ],
)
async def test_if_match_is_a_list_of_entity_tags(client: AsyncClient, if_match: str, status: int):
    for method in ("PUT", "PATCH", "DELETE"):
        await client.put(f"/Patient/{method}", json={**PATIENT, "id": method})
        body = {"json": {**PATIENT, "id": method}} if method == "PUT" else {"json": {}} if method == "PATCH" else {}
        response = await client.request(method, f"/Patient/{method}", headers={"If-Match": if_match}, **body)
        assert response.status_code == (204 if method == "DELETE" and status == 200 else status), (
            method,
            response.text,
        )


async def test_if_match_in_a_transaction_is_a_list_too(client: AsyncClient):
    await client.put("/Patient/mine", json=MINE)
    for if_match, status in (('W/"7", W/"1"', 200), ('W/"7"', 412), ("abc", 400)):
        response = await sent(client, entry("PUT", "Patient/mine", MINE, ifMatch=if_match))
        assert response.status_code == status
    assert issue(response)["expression"] == ["Bundle.entry[0].resource"]


@pytest.mark.parametrize("if_match", ["*", 'W/"1"', 'W/"1", W/"2"'])
async def test_if_match_on_what_is_not_there_is_412(client: AsyncClient, if_match: str):
    headers = {"If-Match": if_match}
    assert (await client.put("/Patient/mine", json=MINE, headers=headers)).status_code == 412
    assert (await client.delete("/Patient/mine", headers=headers)).status_code == 412
    assert (await client.put("/Patient?name=nobody", json=PATIENT, headers=headers)).status_code == 412
    assert (await client.delete("/Patient?name=nobody", headers=headers)).status_code == 412
    assert (await client.get("/Patient/mine")).status_code == 404


async def test_if_match_of_anything_does_not_bring_a_deleted_resource_back(client: AsyncClient):
    await client.put("/Patient/mine", json=MINE)
    await client.delete("/Patient/mine")
    assert (await client.put("/Patient/mine", json=MINE, headers={"If-Match": "*"})).status_code == 412


async def test_if_none_match_guards_a_conditional_update_a_binary_and_an_entry(client: AsyncClient):
    only_create = {"If-None-Match": "*"}
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "YQ=="}
    statuses = []
    for _ in range(2):
        statuses += [
            (await client.put("/Patient?name=durand", json=PATIENT, headers=only_create)).status_code,
            (await client.put("/Binary/b", json=binary, headers={**FHIR_JSON, **only_create})).status_code,
            (await sent(client, entry("PUT", "Organization/o", ORGANIZATION, ifNoneMatch="*"))).status_code,
        ]
    assert statuses == [201, 201, 200, 412, 412, 412]
