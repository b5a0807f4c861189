"""delete."""

from httpx import AsyncClient

from tests.served import created, issue


async def test_delete_answers_204_with_the_version_it_made(client: AsyncClient):
    patient = await created(client)
    response = await client.delete(f"/Patient/{patient['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["etag"] == 'W/"2"'


async def test_delete_again_is_204_and_makes_no_version(client: AsyncClient):
    patient = await created(client)
    await client.delete(f"/Patient/{patient['id']}")
    response = await client.delete(f"/Patient/{patient['id']}")
    assert response.status_code == 204
    assert response.headers["etag"] == 'W/"2"'


async def test_delete_of_what_never_was_is_204(client: AsyncClient):
    assert (await client.delete("/Patient/nobody")).status_code == 204


async def test_delete_of_another_version_is_412(client: AsyncClient):
    patient = await created(client)
    response = await client.delete(f"/Patient/{patient['id']}", headers={"If-Match": 'W/"9"'})
    assert response.status_code == 412
    assert (await client.get(f"/Patient/{patient['id']}")).status_code == 200


async def test_prefer_outcome_answers_200_with_one(client: AsyncClient):
    patient = await created(client)
    response = await client.delete(f"/Patient/{patient['id']}", headers={"Prefer": "return=OperationOutcome"})
    assert response.status_code == 200
    assert issue(response)["severity"] == "information"


async def test_a_deletion_asked_again_with_its_if_match_is_answered_again(client: AsyncClient):
    patient = await created(client)
    for _ in range(2):
        response = await client.delete(f"/Patient/{patient['id']}", headers={"If-Match": 'W/"1"'})
        assert (response.status_code, response.headers["etag"]) == (204, 'W/"2"')
    later = await client.delete(f"/Patient/{patient['id']}", headers={"If-Match": 'W/"5"'})
    assert later.status_code == 412
