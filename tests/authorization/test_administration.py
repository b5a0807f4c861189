"""The registration of clients over HTTP: for a bearer of usager/clients, of its own tenant, and for nobody else."""

from typing import Any

import httpx
import pytest

from tests.authorization.applications import Browser, bearer, ec_key, proof, public_app, service
from tests.authorization.conftest import Register
from tests.authorization.people import People
from usager_server.authorization.clients import Client

KEY = ec_key()
APP = {
    "client_name": "Agenda",
    "scope": "openid patient/*.rs",
    "redirect_uris": ["https://app.example/cb"],
    "token_endpoint_auth_method": "none",
}


async def access(http: httpx.AsyncClient, client: Client, scope: str = "usager/clients") -> dict[str, str]:
    """Return the headers of a service that acts by itself."""
    form = {"grant_type": "client_credentials", "scope": scope, **proof(client, KEY)}
    return bearer((await http.post("/oauth/token", data=form)).json()["access_token"])


@pytest.fixture
async def administrator(http: httpx.AsyncClient, register: Register) -> dict[str, str]:
    """The headers of who administers the clients of tenant 1."""
    return await access(http, await register(service(KEY, scope="usager/clients")))


async def test_a_client_is_registered_listed_and_revoked(http: httpx.AsyncClient, administrator: dict[str, str]):
    made = await http.post("/oauth/clients", json=APP, headers=administrator)
    assert made.status_code == 201, made.text
    client_id = made.json()["client_id"]
    listed = (await http.get("/oauth/clients", headers=administrator)).json()["clients"]
    assert client_id in [each["client_id"] for each in listed]
    assert (await http.delete(f"/oauth/clients/{client_id}", headers=administrator)).status_code == 204
    for gone in (client_id, "1-x", "%00", "1-%ED%A0%80"):
        assert (await http.delete(f"/oauth/clients/{gone}", headers=administrator)).status_code == 404
    listed = (await http.get("/oauth/clients", headers=administrator)).json()["clients"]
    assert "revoked_at" in next(each for each in listed if each["client_id"] == client_id)


async def test_what_is_wrong_is_said(http: httpx.AsyncClient, administrator: dict[str, str]):
    answer = await http.post("/oauth/clients", json=APP | {"scope": ""}, headers=administrator)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_scope_that_could_never_be_granted_is_not_registered(
    http: httpx.AsyncClient, administrator: dict[str, str]
):
    narrowed = APP | {"scope": "patient/Observation.rs?value-quantity=5"}
    answer = await http.post("/oauth/clients", json=narrowed, headers=administrator)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert "value-quantity" in answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"a": ' + b"[" * 5000])
async def test_a_hostile_body_is_refused(http: httpx.AsyncClient, administrator: dict[str, str], body: bytes):
    answer = await http.post("/oauth/clients", content=body, headers=administrator)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_tenants_do_not_see_each_other(
    http: httpx.AsyncClient, register: Register, administrator: dict[str, str]
):
    foreign = await access(http, await register(service(KEY, scope="usager/clients", tenant=2)))
    made = (await http.post("/oauth/clients", json=APP, headers=administrator)).json()["client_id"]
    listed = (await http.get("/oauth/clients", headers=foreign)).json()["clients"]
    assert made not in [each["client_id"] for each in listed]
    assert (await http.delete(f"/oauth/clients/{made}", headers=foreign)).status_code == 404


async def test_nobody_else_administers(http: httpx.AsyncClient, register: Register, people: People):
    clinical = await access(http, await register(service(KEY)), "system/*.rs")
    person = Browser(http, await register(public_app()), people.sign_in())
    of_person = bearer((await person.tokens("user/*.cruds"))["access_token"])
    for headers, status in ((clinical, 403), (of_person, 403), ({}, 401), (bearer("x"), 401)):
        answers: list[Any] = [
            await http.get("/oauth/clients", headers=headers),
            await http.post("/oauth/clients", json=APP, headers=headers),
            await http.delete("/oauth/clients/1-x", headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [status] * 3


async def test_who_administers_reads_no_record(http: httpx.AsyncClient, administrator: dict[str, str]):
    for path in ("/fhir/Patient/x", "/fhir/Patient", "/fhir/Observation?_summary=count"):
        assert (await http.get(path, headers=administrator)).status_code in (403, 404)
