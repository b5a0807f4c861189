"""SMART clients that nobody here wrote go through a launch on real sockets, and read a Patient; services too."""

import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from fhirclient import client as smart
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException, FHIRUnauthorizedException

from tests.authorization.applications import assertion, ec_key, public_app, rsa_key, service
from tests.conftest import Database, copied_database, drop_database
from tests.live import free_port
from tests.proofs.npm import installed
from tests.smart_live import SmartServer, decided, register
from tests.whole import running_app, stored
from usager_server.authorization.clients import Client
from usager_server.authorization.keys import ensure_keys
from usager_server.repository.embedded import EmbeddedPostgres

CLIENT_JS = "2.6.3"
SCRIPT = Path(__file__).with_name("client_js.cjs")
CALLBACK = "http://127.0.0.1:9/callback"
RSA, EC = rsa_key(), ec_key()


@pytest.fixture(scope="module")
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database for these journeys."""
    database = await copied_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture(scope="module")
async def patient(database: Database) -> str:
    """The id of a patient."""
    async with running_app(database.url) as client:
        person = {"resourceType": "Patient", "name": [{"family": "Tilleul", "given": ["Ana"]}]}
        return (await stored(client, person)).partition("/")[2]


@pytest.fixture(scope="module")
def smart_server(database: Database, patient: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmartServer]:
    """The server."""
    folder = tmp_path_factory.mktemp("smart")
    ensure_keys(folder / "keys.json")
    with SmartServer(database.url, folder, folder / "keys.json") as server:
        yield server


@pytest.fixture(scope="module")
async def app(database: Database) -> Client:
    """An application."""
    return await register(database.url, public_app(redirect_uris=[CALLBACK]))


@pytest.fixture(scope="module")
async def node_app(database: Database) -> tuple[Client, int]:
    """An application that listens itself, and its port."""
    port = free_port()
    asked = public_app(redirect_uris=[f"http://127.0.0.1:{port}/callback"], client_name="client-js")
    return await register(database.url, asked), port


@pytest.fixture(scope="module")
async def warehouse(database: Database) -> Client:
    """A service with two keys."""
    return await register(database.url, service(RSA, EC))


def test_fhirclient_launches_by_itself_and_reads_its_patient(smart_server: SmartServer, app: Client, patient: str):
    settings = {
        "app_id": app.id,
        "api_base": smart_server.base,
        "redirect_uri": CALLBACK,
        "scope": "openid fhirUser launch/patient online_access patient/Patient.rs",
    }
    client = smart.FHIRClient(settings=settings)
    assert not client.ready
    assert client.prepare() is False
    address = client.authorize_url
    client.handle_callback(decided(address, smart_server.people.sign_in(), CALLBACK, patient=patient))
    assert client.ready
    assert client.patient.name[0].family == "Tilleul"
    with pytest.raises(FHIRNotFoundException):
        Patient.read("another", client.server)
    assert client.reauthorize()
    assert Patient.read(patient, client.server).id == patient


def test_fhirclient_acts_as_a_service(smart_server: SmartServer, warehouse: Client, patient: str):
    settings = {
        "app_id": warehouse.id,
        "api_base": smart_server.base,
        "scope": "system/Patient.rs",
        "jwt_token": assertion(warehouse, RSA, aud=f"{smart_server.root}/oauth/token"),
    }
    client = smart.FHIRClient(settings=settings)
    client.prepare()
    client.authorize()
    assert Patient.read(patient, client.server).name[0].family == "Tilleul"


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS384"), (EC, "ES384")])
def test_authlib_acts_as_a_service(
    smart_server: SmartServer, warehouse: Client, patient: str, key: Any, algorithm: str
):
    proof = PrivateKeyJWT(
        f"{smart_server.root}/oauth/token",
        alg=algorithm,
        headers={"kid": key.kid},
        claims={"exp": int(time.time()) + 200},
    )
    token_endpoint = f"{smart_server.root}/oauth/token"
    with OAuth2Session(warehouse.id, key, token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(proof)
        session.fetch_token(token_endpoint, grant_type="client_credentials", scope="system/Patient.rs")
        answer = session.get(f"{smart_server.base}/Patient/{patient}")
        assert answer.json()["name"][0]["family"] == "Tilleul"


def test_without_a_token_nothing_is_read(smart_server: SmartServer, patient: str):
    with pytest.raises(FHIRUnauthorizedException):
        client = smart.FHIRClient(settings={"app_id": "none", "api_base": smart_server.base})
        Patient.read(patient, client.server)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, and this client needs it")
def test_client_js_launches_by_itself_and_reads_its_patient(
    smart_server: SmartServer, node_app: tuple[Client, int], patient: str
):
    app, port = node_app
    root = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "PACKAGE_DIR": str(installed("fhirclient", CLIENT_JS)),
        "PORT": str(port),
        "ISS": smart_server.base,
        "CLIENT_ID": app.id,
        "SCOPE": "openid fhirUser launch/patient online_access patient/Patient.rs",
    }
    process = subprocess.Popen(["node", str(SCRIPT)], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout and process.stdout.readline().strip() == "listening"
        back = decided(f"{root}/launch", smart_server.people.sign_in(), f"{root}/callback", patient=patient)
        told = httpx.get(back, timeout=30).json()
        assert told == {"patient": "Tilleul", "fhirUser": "Practitioner/p1", "refreshed": "Tilleul"}
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
