"""The door: addresses, methods, headers."""

import gzip

import httpx
import pytest
from httpx import AsyncClient

from tests.served import FHIR_JSON, PATIENT, created, issue
from usager_server.http.context import Tokens, parse_tokens
from usager_server.http.routes import FHIRDoor
from usager_server.interactions.session import House


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "", {"GET", "HEAD", "POST"}),
        ("POST", "Patient/1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("POST", "metadata", {"GET", "HEAD"}),
        ("DELETE", "Patient/1/_history/2", {"GET", "HEAD"}),
        ("PUT", "Patient/_search", {"GET", "HEAD", "POST"}),
        ("TRACE", "Patient", {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}),
    ],
)
async def test_another_method_is_405_with_those_that_are(client: AsyncClient, method: str, path: str, allow: set[str]):
    response = await client.request(method, f"/{path}")
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allow
    assert issue(response)["code"] == "not-supported"


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_a_header_does_not_change_the_method(client: AsyncClient, name: str):
    patient = await created(client)
    assert (await client.post(f"/Patient/{patient['id']}", headers={name: "DELETE"})).status_code == 405
    assert (await client.get(f"/Patient/{patient['id']}", headers={name: "DELETE"})).json() == patient


@pytest.mark.parametrize(
    "path",
    ["Patint", "patient/1", "Patient/1/x", "Patient/1/_history/2/x", "Resource", "$nothing", "Patient/$x", "%00"],
)
async def test_an_unknown_address_is_404(client: AsyncClient, path: str):
    response = await client.get(f"/{path}")
    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("host", ['a","evil":"1', "a b", "a/b", "", "a<b>", "x:y", "x" * 300])
async def test_a_host_that_is_none_is_400(client: AsyncClient, host: str):
    response = await client.get("/metadata", headers={"Host": host})
    assert response.status_code == 400


@pytest.mark.parametrize("host", ["localhost:8080", "[::1]:8080", "usager.example", "10.0.0.1", "my_machine"])
async def test_a_host_is_part_of_the_addresses(client: AsyncClient, host: str):
    response = await client.get("/Patient", headers={"Host": host})
    assert response.json()["link"][0]["url"] == f"http://{host}/fhir/Patient"


async def test_every_answer_is_shielded(client: AsyncClient):
    response = await client.get("/Patient/nobody")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


async def test_pretty_is_indented(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}?_pretty=true")
    assert response.text.startswith('{\n  "resourceType"')
    assert response.json() == patient


async def test_what_cannot_be_written_is_406(client: AsyncClient):
    for headers, query in (({"Accept": "image/png"}, ""), ({}, "?_format=yaml")):
        response = await client.get(f"/Patient/x{query}", headers=headers)
        assert response.status_code == 406
        assert response.json()["resourceType"] == "OperationOutcome"


async def test_large_answers_are_compressed_when_asked(client: AsyncClient):
    notes = {**PATIENT, "name": [{"family": "Durand", "given": ["x" * 5000]}]}
    patient = await created(client, notes)
    response = await client.get(f"/Patient/{patient['id']}", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == patient


async def test_a_compressed_body_is_read(client: AsyncClient):
    content = gzip.compress(b'{"resourceType":"Patient"}')
    response = await client.post("/Patient", content=content, headers={**FHIR_JSON, "Content-Encoding": "gzip"})
    assert response.status_code == 201


async def test_a_long_address_is_414_and_long_headers_431(client: AsyncClient):
    assert (await client.get(f"/Patient?name={'x' * 9000}")).status_code == 414
    assert (await client.get("/Patient/1", headers={"X-Long": "x" * 40_000})).status_code == 431


async def test_a_body_over_the_limit_is_413(client: AsyncClient, house: House):
    content = b" " * (house.settings.body_limit_bytes + 1)
    assert (await client.post("/Patient", content=content, headers=FHIR_JSON)).status_code == 413


async def test_the_bearer_decides_the_tenant(house: House, tenant: int):
    door = FHIRDoor(house, Tokens(parse_tokens(f"one {tenant}\ntwo 2")))
    transport = httpx.ASGITransport(app=door)
    async with AsyncClient(transport=transport, base_url="http://test.example/fhir") as client:
        refused = await client.get("/Patient/x")
        assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
        mine = await client.put("/Patient/x", json={**PATIENT, "id": "x"}, headers={"Authorization": "Bearer one"})
        assert mine.status_code == 201
        assert (await client.get("/Patient/x", headers={"Authorization": "Bearer two"})).status_code == 404
        assert (await client.get("/Patient/x", headers={"Authorization": "Bearer one"})).status_code == 200


async def test_the_unforeseen_is_500_without_detail(client: AsyncClient, house: House, monkeypatch: pytest.MonkeyPatch):
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("the password is secret")

    monkeypatch.setattr(type(house.validator), "structure", broken)
    response = await client.post("/Patient", json=PATIENT, headers=FHIR_JSON)
    assert response.status_code == 500
    assert issue(response)["code"] == "exception"
    assert "secret" not in response.text
