"""Binary: raw bytes and resources."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncpg import Connection
from httpx import AsyncClient

from tests.served import FHIR_JSON, make_client, make_house
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry

MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 20


async def posted(client: AsyncClient, content: bytes = PDF, **headers: str) -> str:
    """Return the id of a Binary made of these bytes."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.post("/Binary", content=content, headers={"Content-Type": "application/pdf", **more})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_raw_bytes_come_back_as_they_were(client: AsyncClient):
    response = await client.get(f"/Binary/{await posted(client)}", headers={"Accept": "application/pdf"})
    assert response.content == PDF
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-length"] == str(len(PDF))


async def test_a_browser_may_not_run_what_was_uploaded(client: AsyncClient):
    response = await client.get(f"/Binary/{await posted(client)}")
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_bytes_are_saved_under_a_name_of_ours(client: AsyncClient):
    made = await posted(client)
    named = {"Accept": "*/*", "Content-Disposition": 'attachment; filename="../evil.html"'}
    response = await client.get(f"/Binary/{made}", headers=named)
    assert response.headers["content-disposition"] == f'attachment; filename="binary-{made}.pdf"'


async def test_as_a_resource_the_data_are_base64(client: AsyncClient):
    response = await client.get(f"/Binary/{await posted(client)}", headers={"Accept": "application/fhir+json"})
    resource = response.json()
    assert resource["contentType"] == "application/pdf"
    assert resource["data"] == b64encode(PDF).decode()


async def test_a_resource_comes_back_raw(client: AsyncClient):
    resource = {"resourceType": "Binary", "contentType": "text/plain", "data": b64encode(b"bonjour").decode()}
    response = await client.post("/Binary", json=resource, headers=FHIR_JSON)
    assert response.status_code == 201
    raw = await client.get(f"/Binary/{response.json()['id']}")
    assert (raw.content, raw.headers["content-type"]) == (b"bonjour", "text/plain")


async def test_the_security_context_is_kept(client: AsyncClient):
    identifier = await posted(client, X_Security_Context="Patient/1")
    response = await client.get(f"/Binary/{identifier}")
    assert response.headers["x-security-context"] == "Patient/1"
    resource = (await client.get(f"/Binary/{identifier}?_format=json")).json()
    assert resource["securityContext"] == {"reference": "Patient/1"}


async def test_each_version_has_its_own_bytes(client: AsyncClient):
    identifier = await posted(client)
    response = await client.put(f"/Binary/{identifier}", content=b"new", headers={"Content-Type": "text/plain"})
    assert response.status_code == 200
    assert (await client.get(f"/Binary/{identifier}")).content == b"new"
    assert (await client.get(f"/Binary/{identifier}/_history/1")).content == PDF


async def test_an_empty_binary_is_empty(client: AsyncClient):
    identifier = await posted(client, b"")
    assert (await client.get(f"/Binary/{identifier}")).content == b""


async def test_bytes_that_call_themselves_fhir_are_not_touched(client: AsyncClient):
    resource = {"resourceType": "Binary", "contentType": "application/fhir+json", "data": b64encode(b"{bad").decode()}
    identifier = (await client.post("/Binary", json=resource, headers=FHIR_JSON)).json()["id"]
    for query in ("", "?_pretty=true"):
        response = await client.get(f"/Binary/{identifier}{query}", headers={"Accept": "*/*"})
        assert (response.content, response.headers["content-type"]) == (b"{bad", "application/fhir+json")
        assert response.headers.get_list("content-length") == ["4"]


async def test_data_that_are_not_base64_are_400(client: AsyncClient):
    resource = {"resourceType": "Binary", "contentType": "text/plain", "data": "!!!"}
    assert (await client.post("/Binary", json=resource, headers=FHIR_JSON)).status_code == 400


async def test_head_of_raw_bytes_has_their_length(client: AsyncClient):
    response = await client.head(f"/Binary/{await posted(client)}")
    assert (response.content, response.headers["content-length"]) == (b"", str(len(PDF)))


OTHER_BYTES = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.mark.parametrize("pieces", [[OTHER_BYTES], [OTHER_BYTES[:3], OTHER_BYTES[3:5000], OTHER_BYTES[5000:]]])
async def test_raw_bytes_that_are_of_another_kind_are_422_and_not_kept(
    client: AsyncClient, owner: Connection, tenant: int, pieces: list[bytes]
):
    async def sent() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    response = await client.post("/Binary", content=sent(), headers={"Content-Type": "application/pdf"})
    assert response.status_code == 422
    [issue] = response.json()["issue"]
    assert (issue["code"], issue["expression"]) == ("business-rule", ["Binary.contentType"])
    assert "image/png would be right" in issue["diagnostics"]
    assert await owner.fetchval("SELECT count(*) FROM content WHERE tenant = $1", tenant) == 0


async def test_no_way_leads_other_bytes_in(client: AsyncClient):
    made = await posted(client)
    mislabelled = {"resourceType": "Binary", "contentType": "application/pdf", "data": b64encode(OTHER_BYTES).decode()}
    entry = {"resource": mislabelled, "request": {"method": "POST", "url": "Binary"}}
    transaction = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answers = [
        await client.post("/Binary", json=mislabelled, headers=FHIR_JSON),
        await client.put(f"/Binary/{made}", json={**mislabelled, "id": made}, headers=FHIR_JSON),
        await client.put(f"/Binary/{made}", content=OTHER_BYTES, headers={"Content-Type": "application/pdf"}),
        await client.post("/", json=transaction, headers=FHIR_JSON),
        await client.patch(f"/Binary/{made}", json={"contentType": "image/png"}, headers=MERGE_PATCH),
    ]
    assert [(each.status_code, "would be right" in each.text) for each in answers] == [(422, True)] * len(answers)
    assert (await client.get(f"/Binary/{made}")).content == PDF


async def test_a_patch_may_name_the_type_more_widely(client: AsyncClient):
    made = await posted(client)
    patch = {"contentType": "application/octet-stream"}
    assert (await client.patch(f"/Binary/{made}", json=patch, headers=MERGE_PATCH)).status_code == 200


async def test_raw_bytes_of_a_type_that_is_not_known_are_kept_unless_the_operator_wants_the_others(
    client: AsyncClient, shared_store: PostgresStore, search_registry: SearchRegistry, validator: Any, tenant: int
):
    strict = make_house(shared_store, search_registry, validator, file_types="known")
    other = {"content": b"MZ and more", "headers": {"Content-Type": "application/octet-stream"}}
    assert (await client.post("/Binary", **other)).status_code == 201
    async with make_client(strict, tenant) as narrow:
        refused = await narrow.post("/Binary", **other)
        assert (refused.status_code, "none of the kinds" in refused.text) == (422, True)
        assert (await posted(narrow)) != ""
