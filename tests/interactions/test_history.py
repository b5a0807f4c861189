"""history of an instance, a type, the system."""

from typing import Any

from httpx import AsyncClient

from tests.served import PATIENT, created, issue


async def lived(client: AsyncClient) -> str:
    """Return the id of a patient created, updated and deleted."""
    patient = await created(client)
    await client.put(f"/Patient/{patient['id']}", json={**PATIENT, "id": patient["id"]})
    await client.delete(f"/Patient/{patient['id']}")
    return str(patient["id"])


def requests(bundle: dict[str, Any]) -> list[str]:
    """Return the method of each entry."""
    return [entry["request"]["method"] for entry in bundle["entry"]]


async def test_history_lists_versions_newest_first_with_their_requests(client: AsyncClient):
    bundle = (await client.get(f"/Patient/{await lived(client)}/_history")).json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "history")
    assert requests(bundle) == ["DELETE", "PUT", "POST"]
    assert [entry["response"]["status"] for entry in bundle["entry"]] == ["204", "200", "201"]
    assert "resource" not in bundle["entry"][0]


async def test_history_of_what_never_was_is_404(client: AsyncClient):
    assert (await client.get("/Patient/nobody/_history")).status_code == 404


async def test_history_pages_follow_their_links(client: AsyncClient):
    address = f"/Patient/{await lived(client)}/_history?_count=1"
    seen = []
    while address:
        bundle = (await client.get(address)).json()
        seen += requests(bundle)
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert seen == ["DELETE", "PUT", "POST"]


async def test_type_and_system_histories_see_everything(client: AsyncClient):
    await lived(client)
    await created(client, {"resourceType": "Basic", "code": {"text": "x"}})
    assert requests((await client.get("/Patient/_history")).json()) == ["DELETE", "PUT", "POST"]
    assert len((await client.get("/_history")).json()["entry"]) == 4


async def test_since_leaves_out_what_is_older(client: AsyncClient):
    await lived(client)
    assert len((await client.get("/_history?_since=2020-01-01T00:00:00Z")).json()["entry"]) == 3
    assert "entry" not in (await client.get("/_history?_since=2999-01-01")).json()


async def test_elements_are_subset_in_history(client: AsyncClient):
    await lived(client)
    entry = (await client.get("/_history?_elements=birthDate")).json()["entry"][1]
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "name" not in entry["resource"]


async def test_bad_values_are_400_with_their_parameter(client: AsyncClient):
    for query in ("_count=-1", "_count=x", "_since=yesterday", "_at=0", "_cursor=forged"):
        response = await client.get(f"/_history?{query}")
        assert response.status_code == 400, query
        assert issue(response)["expression"] == [query.partition("=")[0]]


async def test_an_unknown_parameter_is_refused_under_strict_handling(client: AsyncClient):
    assert (await client.get("/_history?colour=red")).status_code == 200
    response = await client.get("/_history?colour=red", headers={"Prefer": "handling=strict"})
    assert response.status_code == 400


async def test_what_comes_back_after_a_deletion_is_201_in_every_history(client: AsyncClient):
    mine = await lived(client)
    await client.put(f"/Patient/{mine}", json={**PATIENT, "id": mine})
    await client.put(f"/Patient/{mine}", json={**PATIENT, "id": mine, "active": True})
    for address in (
        f"/Patient/{mine}/_history",
        "/Patient/_history",
        "/_history",
        f"/Patient/{mine}/_history?_count=2",
    ):
        entries = (await client.get(address)).json()["entry"]
        statuses = [entry["response"]["status"] for entry in entries]
        assert statuses == ["200", "201", "204", "200", "201"][: len(statuses)], address
    assert requests((await client.get("/_history")).json())[:2] == ["PUT", "PUT"]
