"""Tokens bound to the certificate of their client, behind a proxy that says which it is."""

import base64
from hashlib import sha256
from typing import Any

import httpx
import pytest
import trustme

from tests.authorization.applications import bearer, ec_key, proof, service
from tests.authorization.conftest import Register
from usager_server.authorization.clients import Client

KEY = ec_key()


@pytest.fixture(scope="module")
def smart_settings(smart_settings: dict[str, Any]) -> dict[str, Any]:
    """The server stands behind a proxy: the tests' own client, whose address httpx says is 127.0.0.1."""
    return smart_settings | {"certificate_proxies": "127.0.0.1/32"}


def shown(name: str) -> tuple[dict[str, str], str]:
    """Return what a proxy says of a certificate made for a name, and its thumbprint."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = trustme.CA().issue_cert(name).cert_chain_pems[0].bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    thumbprint = base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()
    return {"client-cert": f":{base64.b64encode(der).decode()}:"}, thumbprint


@pytest.fixture
async def bound(register: Register) -> Client:
    """A service whose tokens are bound."""
    return await register(service(KEY, tls_client_certificate_bound_access_tokens=True))


async def asked(http: httpx.AsyncClient, client: Client, headers: dict[str, str]) -> httpx.Response:
    """Ask for a token."""
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **proof(client, KEY)}
    return await http.post("/oauth/token", data=form, headers=headers)


async def test_a_token_is_worth_something_with_its_certificate_only(http: httpx.AsyncClient, bound: Client):
    (mine, thumbprint), (other, _) = shown("mine.example"), shown("other.example")
    token = (await asked(http, bound, mine)).json()["access_token"]
    claims = token.split(".")[1]
    assert thumbprint in base64.urlsafe_b64decode(claims + "==").decode()
    assert (await http.get("/fhir/Patient/x", headers=bearer(token) | mine)).status_code != 401
    for wrong in (other, {}, {"client-certificate-digest": thumbprint}, {"client-cert": thumbprint}):
        assert (await http.get("/fhir/Patient/x", headers=bearer(token) | wrong)).status_code == 401


@pytest.mark.parametrize("header", [{}, {"client-cert": "::"}, {"client-cert": "x"}, {"client-cert": ":A:"}])
async def test_without_its_certificate_it_gets_no_token(http: httpx.AsyncClient, bound: Client, header: dict[str, str]):
    answer = await asked(http, bound, header)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_discovery_says_so(http: httpx.AsyncClient):
    document = (await http.get("/fhir/.well-known/smart-configuration")).json()
    assert document["tls_client_certificate_bound_access_tokens"] is True


async def test_a_stranger_is_not_believed(smart_settings: dict[str, Any], people: Any, bound: Client):
    from tests.authorization.conftest import client_of, create_app
    from usager_server.settings import Settings

    elsewhere = smart_settings | {"certificate_proxies": "192.0.2.0/24"}
    async with client_of(create_app(Settings(**elsewhere), people)) as http:
        answer = await asked(http, bound, shown("mine.example")[0])
    assert answer.json()["error"] == "invalid_request"
