"""What the authorization server says of itself, held to the standards by Authlib and to the server itself."""

import httpx
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.authorization.applications import BASE


async def test_the_document_is_what_rfc_8414_wants(http: httpx.AsyncClient):
    document = (await http.get("/fhir/.well-known/smart-configuration")).json()
    metadata = AuthorizationServerMetadata(document)
    metadata.validate()
    assert document["issuer"] == BASE


async def test_smart_finds_what_it_wants(http: httpx.AsyncClient):
    document = (await http.get("/fhir/.well-known/smart-configuration")).json()
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-standalone", "launch-ehr", "client-confidential-asymmetric", "permission-v2"} <= set(
        document["capabilities"]
    )
    assert "client_credentials" in document["grant_types_supported"]


async def test_both_addresses_say_the_same(http: httpx.AsyncClient):
    one = await http.get("/fhir/.well-known/smart-configuration")
    other = await http.get("/fhir/.well-known/openid-configuration")
    assert one.json() == other.json()
    assert one.headers["content-type"] == "application/json"


async def test_every_address_it_names_is_there(http: httpx.AsyncClient):
    document = (await http.get("/fhir/.well-known/smart-configuration")).json()
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            path = address.removeprefix("https://dui.example")
            assert (await http.get(path)).status_code in (200, 400, 405), name


async def test_the_capability_statement_leads_there(http: httpx.AsyncClient):
    statement = (await http.get("/fhir/metadata")).json()
    security = statement["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    uris = {it["url"]: it["valueUri"] for it in security["extension"][0]["extension"]}
    assert uris["token"] == "https://dui.example/oauth/token"
    assert uris["authorize"] == "https://dui.example/oauth/authorize"


async def test_the_description_of_the_server_has_these_addresses(http: httpx.AsyncClient):
    document = (await http.get("/openapi.json")).json()
    assert {"/oauth/token", "/oauth/authorize"} <= set(document["paths"])
    assert document["security"] == [{"bearer": []}]
