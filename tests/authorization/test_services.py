"""Backend Services: a service proves who it is with its key, and each way of pretending."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.authorization.applications import (
    AUDIENCE,
    BASE,
    ORIGIN,
    Browser,
    assertion,
    bearer,
    ec_key,
    proof,
    public_app,
    rsa_key,
    service,
)
from tests.authorization.conftest import Register
from tests.authorization.people import People
from usager_server.authorization.authenticating import ASSERTION_TYPE
from usager_server.authorization.clients import Client

RSA, EC = rsa_key(), ec_key()


@pytest.fixture
async def warehouse(register: Register) -> Client:
    """A service with two keys."""
    return await register(service(RSA, EC))


async def asked(http: httpx.AsyncClient, proven: dict[str, str], scope: str = "system/Patient.rs") -> httpx.Response:
    """Ask for a token."""
    return await http.post("/oauth/token", data={"grant_type": "client_credentials", "scope": scope, **proven})


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS384", "ES384"])
async def test_a_key_gives_a_token_of_five_minutes(http: httpx.AsyncClient, warehouse: Client, key: Any):
    answer = (await asked(http, proof(warehouse, key))).json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("bearer", 300, "system/Patient.rs")
    assert "refresh_token" not in answer
    assert (await http.get("/fhir/Patient/x", headers=bearer(answer["access_token"]))).status_code in (403, 404)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "1-somebodyelse12345"}, "registered"),
        ({"sub": "another"}, "as iss and as sub"),
        ({"aud": BASE}, "as aud"),
        ({"aud": [AUDIENCE, "https://other.example"]}, "as aud"),
        ({"aud": AUDIENCE + "/"}, "as aud"),
        ({"aud": None}, "as aud"),
        ({"exp": None}, "exp"),
        ({"exp": int(time.time()) - 61}, "expired"),
        ({"exp": int(time.time()) + 3600}, "more than 300 s"),
        ({"iat": int(time.time()) + 3600}, "future"),
        ({"nbf": int(time.time()) + 3600}, "future"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "a\x01"}, "jti"),
        ({"jti": "x" * 300}, "jti over"),
    ],
)
async def test_an_assertion_that_is_wrong_is_refused(http: httpx.AsyncClient, warehouse: Client, claims: Any, why: str):
    answer = await asked(http, proof(warehouse, EC, **claims))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert why in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"kid": "unknown"}, "kid"),
        ({"kid": "../../keys/r1"}, "kid"),
        ({"kid": None}, "kid"),
        ({"kid": "r1"}, "RS384"),
        ({"alg": "none"}, "ES384"),
        ({"alg": "HS384"}, "ES384"),
        ({"alg": "ES256"}, "ES384"),
        ({"typ": "at+jwt"}, "typ"),
        ({"jku": "https://evil.example/jwks"}, "jku"),
        ({"jwk": EC.as_dict(private=False)}, "jwk"),
        ({"x5u": "https://evil.example/cert"}, "x5u"),
        ({"crit": ["exp"]}, "crit"),
        ({"zip": "DEF"}, "zip"),
    ],
)
async def test_a_header_that_is_wrong_is_refused(http: httpx.AsyncClient, warehouse: Client, header: Any, why: str):
    _, _, rest = assertion(warehouse, EC).partition(".")
    said = {"alg": "ES384", "kid": EC.kid, "typ": "JWT"} | header
    kept = json.dumps({name: value for name, value in said.items() if value is not None})
    text = f"{base64.urlsafe_b64encode(kept.encode()).rstrip(b'=').decode()}.{rest}"
    answer = await asked(http, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert why in answer.json()["error_description"]


async def test_a_key_of_somebody_else_is_refused(http: httpx.AsyncClient, warehouse: Client):
    stolen = ec_key(str(EC.kid))
    answer = await asked(http, proof(warehouse, stolen))
    assert "signature" in answer.json()["error_description"]


async def test_metrics_are_for_a_service_of_who_runs_the_installation(
    http: httpx.AsyncClient, register: Register, people: People, warehouse: Client
):
    (neighbour, browser) = await register(service(RSA, tenant=2)), await register(public_app())
    theirs = [(await asked(http, proof(each, RSA))).json()["access_token"] for each in (warehouse, neighbour)]
    person = (await Browser(http, browser, people.sign_in()).tokens("user/Patient.rs"))["access_token"]
    for token, status in zip((*theirs, person), (200, 403, 403), strict=True):
        assert (await http.get("/metrics", headers=bearer(token))).status_code == status


async def test_an_assertion_comes_once(http: httpx.AsyncClient, warehouse: Client):
    proven = proof(warehouse, EC)
    assert (await asked(http, proven)).status_code == 200
    again = await asked(http, proven)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    same_id = await asked(http, proof(warehouse, RSA, jti="fixed"))
    other_text = await asked(http, proof(warehouse, RSA, jti="fixed", iat=int(time.time()) - 5))
    assert (same_id.status_code, other_text.status_code) == (200, 401)


async def test_the_same_jti_of_two_clients_is_no_replay(http: httpx.AsyncClient, warehouse: Client, register: Register):
    other = await register(service(EC))
    assert (await asked(http, proof(warehouse, EC, jti="one"))).status_code == 200
    assert (await asked(http, proof(other, EC, jti="one"))).status_code == 200


@pytest.mark.parametrize(
    ("proven", "why"),
    [
        ({}, "no client"),
        ({"client_id": "1-unknownclient1234"}, "no client"),
        ({"client_secret": "secret"}, "secrets"),
        ({"client_assertion": "a.b.c", "client_assertion_type": ASSERTION_TYPE}, "header"),
        ({"client_assertion": "a.b.c", "client_assertion_type": "saml"}, "client_assertion_type"),
        ({"client_assertion": "x" * 20_000, "client_assertion_type": ASSERTION_TYPE}, "16384"),
    ],
)
async def test_who_cannot_say_who_it_is_gets_nothing(http: httpx.AsyncClient, proven: dict[str, str], why: str):
    answer = await asked(http, proven)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert why in answer.json()["error_description"]
    assert answer.headers["www-authenticate"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_public_client_has_no_right_of_its_own(http: httpx.AsyncClient, register: Register):
    client = await register(public_app())
    answer = await asked(http, {"client_id": client.id})
    assert answer.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize("scope", ["user/Patient.rs", "patient/Patient.rs", "openid", "system/Patient.sr", ""])
async def test_a_scope_that_is_not_for_services_is_refused(http: httpx.AsyncClient, warehouse: Client, scope: str):
    answer = await asked(http, proof(warehouse, EC), scope)
    assert answer.json()["error"] in ("invalid_scope", "invalid_request")


async def test_a_scope_is_narrowed_to_what_was_registered(http: httpx.AsyncClient, register: Register):
    client = await register(service(EC, scope="system/Patient.rs system/Observation.s"))
    answer = await asked(http, proof(client, EC), "system/*.cruds")
    assert answer.json()["scope"] == "system/Patient.rs system/Observation.s"


async def test_a_revoked_client_gets_nothing_any_more(http: httpx.AsyncClient, warehouse: Client, memory: Any):
    assert await memory.revoke_client(warehouse.id, ORIGIN)
    answer = await asked(http, proof(warehouse, EC))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"grant_type=password&username=a&password=b", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded", 400),
        (b"grant_type=%FF", "application/x-www-form-urlencoded", 400),
        (b"grant_type=\xff", "application/x-www-form-urlencoded", 400),
        (b"grant_type=%ED%A0%80", "application/x-www-form-urlencoded", 400),
        (b"grant_type=a%00b", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(100)), "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_hostile_body_is_told_what_is_wrong(
    http: httpx.AsyncClient, body: bytes, content_type: str, status: int
):
    answer = await http.post("/oauth/token", content=body, headers={"content-type": content_type})
    assert answer.status_code == status
    assert answer.json()["error_description"]


@pytest.mark.parametrize("path", ["/oauth/token", "/sign-in"])
async def test_a_body_that_trickles_is_not_waited_for(http: httpx.AsyncClient, monkeypatch: Any, path: str):
    monkeypatch.setattr("usager_server.http.body.SHORT_BODY_SECONDS", 0.1)

    async def trickling() -> AsyncIterator[bytes]:
        while True:
            yield b"a"
            await asyncio.sleep(0.01)

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await asyncio.wait_for(http.post(path, content=trickling(), headers=form), 20)).status_code == 408


async def test_parameters_in_the_address_are_refused(http: httpx.AsyncClient):
    answer = await http.post("/oauth/token?grant_type=client_credentials", data={"grant_type": "client_credentials"})
    assert answer.json()["error"] == "invalid_request"
    assert (await http.get("/oauth/token")).status_code == 405


async def test_a_scope_that_cannot_be_held_gives_no_token(http: httpx.AsyncClient, warehouse: Client):
    answer = await asked(http, proof(warehouse, EC), "system/Patient.rs?name=martin")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert "'name'" in answer.json()["error_description"]
    held = await asked(http, proof(warehouse, EC), "system/Observation.rs?category=laboratory")
    assert held.json()["scope"] == "system/Observation.rs?category=laboratory"


async def test_nor_does_one_that_the_registration_narrows_so(http: httpx.AsyncClient, register: Register):
    client = await register(service(EC, scope="system/*.rs?name=martin"))
    assert (await asked(http, proof(client, EC))).json()["error"] == "invalid_scope"
