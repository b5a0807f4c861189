"""fhirpy (PyPI), a client that nobody here wrote, against a real server."""

import pytest
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from tests.live import LiveServer


@pytest.fixture
def client(server: LiveServer) -> AsyncFHIRClient:
    return AsyncFHIRClient(server.base)


async def test_a_resource_is_created_changed_and_deleted(client: AsyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Fhirpy", "given": ["Élise"]}], birthDate="1941-02-28")
    await patient.save()
    first_version = patient["meta"]["versionId"]
    patient["gender"] = "female"
    await patient.save()
    again = await client.reference("Patient", patient.id).to_resource()
    assert (again["gender"], again["name"][0]["given"]) == ("female", ["Élise"])
    assert again["meta"]["versionId"] != first_version
    await again.delete()
    with pytest.raises(ResourceNotFound):
        await client.reference("Patient", patient.id).to_resource()


async def test_a_patch_changes_what_it_names(server: LiveServer, client: AsyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Patché"}])
    await patient.save()
    patching = AsyncFHIRClient(server.base, extra_headers={"Content-Type": "application/json-patch+json"})
    change = [{"op": "add", "path": "/gender", "value": "other"}]
    await patching.execute(f"Patient/{patient.id}", method="patch", data=change)
    await patient.refresh()
    assert patient["gender"] == "other"


async def test_a_search_pages_through_all_and_counts(client: AsyncFHIRClient) -> None:
    for number in range(7):
        await client.resource("Patient", name=[{"family": "Fhirpypage", "given": [f"n{number}"]}]).save()
    search = client.resources("Patient").search(family="fhirpypage").limit(3)
    found = await search.fetch_all()
    assert sorted(patient["name"][0]["given"][0] for patient in found) == [f"n{number}" for number in range(7)]
    assert len(await search.fetch()) == 3
    assert await client.resources("Patient").search(family="fhirpypage").count() == 7


async def test_includes_and_chains_come_back_in_a_bundle(client: AsyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Fhirpychain"}])
    await patient.save()
    condition = client.resource(
        "Condition", subject=patient.to_reference(), code={"text": "x"}, clinicalStatus=clinical("active")
    )
    await condition.save()
    search = client.resources("Condition").search(patient__Patient__family="fhirpychain")
    bundle = await search.include("Condition", "patient").fetch_raw()
    assert [entry.search["mode"] for entry in bundle.entry] == ["match", "include"]


async def test_get_or_create_finds_what_is_there(client: AsyncFHIRClient) -> None:
    identifier = [{"system": "https://usager.example/fhirpy", "value": "seul"}]
    wanted = {"identifier": "https://usager.example/fhirpy|seul"}
    first, created = (
        await client.resources("Patient")
        .search(**wanted)
        .get_or_create(client.resource("Patient", identifier=identifier))
    )
    second, created_again = (
        await client.resources("Patient")
        .search(**wanted)
        .get_or_create(client.resource("Patient", identifier=identifier))
    )
    assert (created, created_again, first.id) == (True, False, second.id)


async def test_a_transaction_is_executed(client: AsyncFHIRClient) -> None:
    entry = {
        "fullUrl": "urn:uuid:6f0a8a4e-0f0e-4c35-8e0a-111111111111",
        "resource": {"resourceType": "Patient", "name": [{"family": "Fhirpybundle"}]},
        "request": {"method": "POST", "url": "Patient"},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = await client.execute("", method="post", data=bundle)
    assert answer["entry"][0]["response"]["status"].startswith("201")


async def test_what_is_wrong_comes_back_as_an_operation_outcome(client: AsyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome) as caught:
        await client.resource("Patient", birthDate="yesterday").save()
    assert caught.value.resource["issue"][0]["severity"] == "error"


def clinical(code: str) -> dict[str, object]:
    """Return a clinical status."""
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": code}]}
