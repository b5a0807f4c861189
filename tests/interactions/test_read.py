"""read and vread through HTTP."""

from httpx import AsyncClient

PATIENT = {"resourceType": "Patient", "name": [{"family": "Durand"}], "birthDate": "1950-03-02"}


async def created(client: AsyncClient, resource: dict | None = None) -> dict:
    """Return a resource that the server just made."""
    resource = resource or PATIENT
    response = await client.post(f"/{resource['resourceType']}", json=resource, headers=JSON)
    assert response.status_code == 201, response.text
    return response.json()


JSON = {"Content-Type": "application/fhir+json"}


async def test_read_gives_the_stored_resource(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}")
    assert response.status_code == 200
    assert response.json() == patient
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
