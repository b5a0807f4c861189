"""read and vread."""

import pytest
from httpx import AsyncClient

from tests.served import PATIENT, created, issue


async def test_read_gives_the_stored_resource(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}")
    assert response.status_code == 200
    assert response.json() == patient
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"


async def test_an_unknown_id_is_404(client: AsyncClient):
    response = await client.get("/Patient/nobody")
    assert response.status_code == 404
    assert issue(response)["code"] == "not-found"


async def test_a_deleted_patient_is_410_deleted(client: AsyncClient):
    patient = await created(client)
    await client.delete(f"/Patient/{patient['id']}")
    response = await client.get(f"/Patient/{patient['id']}")
    assert response.status_code == 410
    assert issue(response)["code"] == "deleted"


async def test_if_none_match_of_the_version_is_304_without_body(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}", headers={"If-None-Match": 'W/"1"'})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == 'W/"1"'


async def test_if_none_match_of_another_version_is_read(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}", headers={"If-None-Match": 'W/"0", "7"'})
    assert response.status_code == 200


async def test_if_modified_since_the_last_change_is_304(client: AsyncClient):
    patient = await created(client)
    read = await client.get(f"/Patient/{patient['id']}")
    since = {"If-Modified-Since": read.headers["last-modified"]}
    assert (await client.get(f"/Patient/{patient['id']}", headers=since)).status_code == 304
    before = {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert (await client.get(f"/Patient/{patient['id']}", headers=before)).status_code == 200


async def test_head_has_the_headers_and_no_body(client: AsyncClient):
    patient = await created(client)
    response = await client.head(f"/Patient/{patient['id']}")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 100


async def test_vread_gives_each_version(client: AsyncClient):
    patient = await created(client)
    await client.put(f"/Patient/{patient['id']}", json={**PATIENT, "id": patient["id"], "active": True})
    first = await client.get(f"/Patient/{patient['id']}/_history/1")
    second = await client.get(f"/Patient/{patient['id']}/_history/2")
    assert first.json() == patient
    assert second.json()["active"] is True


async def test_vread_of_the_version_that_deleted_is_410(client: AsyncClient):
    patient = await created(client)
    await client.delete(f"/Patient/{patient['id']}")
    assert (await client.get(f"/Patient/{patient['id']}/_history/2")).status_code == 410
    assert (await client.get(f"/Patient/{patient['id']}/_history/1")).status_code == 200


async def test_vread_of_no_version_is_404(client: AsyncClient):
    patient = await created(client)
    for version in ("2", "0", "-1", "abc", "9" * 30, "²"):
        assert (await client.get(f"/Patient/{patient['id']}/_history/{version}")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": 'W/"1"'}, 304),
        ({"If-None-Match": '"1"'}, 304),
        ({"If-None-Match": 'W/"0" , W/"1"'}, 304),
        ({"If-None-Match": 'W/"2"'}, 200),
        ({"If-None-Match": "abc"}, 200),
        ({"If-None-Match": 'W/"²"'.encode()}, 200),
        ({"If-None-Match": 'W/"2"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
    ],
)
async def test_what_the_reader_has_already_is_304(client: AsyncClient, headers: dict[str, str], status: int):
    patient = await created(client)
    for address in (f"/Patient/{patient['id']}", f"/Patient/{patient['id']}/_history/1"):
        for method in ("GET", "HEAD"):
            response = await client.request(method, address, headers=headers)
            assert (response.status_code, response.headers["etag"]) == (status, 'W/"1"'), (method, address)
            assert bool(response.content) is (method == "GET" and status == 200)
