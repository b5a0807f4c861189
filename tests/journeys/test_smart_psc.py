"""A SMART client that nobody here wrote signs in through Pro Santé Connect, reads a Patient, and is out at the logout.

Everything is real but the provider, a certified one that the sandbox runs: processes, sockets, TLS, cookies.
"""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fhirclient import client as smart
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRUnauthorizedException

from tests.authorization.applications import QUESTION
from tests.http.test_tls import AUTHORITY, TLSServer
from tests.national.psc.conftest import running_sandbox
from tests.national.psc.signing_in import NURSE, RPPS
from usager_server.sandbox.running import Sandbox

__all__ = ["running_sandbox"]

CALLBACK = "http://127.0.0.1:9/callback"
SCOPE = "openid fhirUser launch/patient online_access patient/Patient.rs"


@pytest.fixture(scope="module")
def served(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TLSServer]:
    """A server that gives tokens, in front of the provider."""
    folder = tmp_path_factory.mktemp("psc-journey")
    with TLSServer(folder, auth="smart", log_level="debug", **running_sandbox.settings) as server:
        yield server


@pytest.fixture(scope="module")
def nurse(served: TLSServer) -> str:
    """The account of somebody, declared by the RPPS: the first sign-in attaches it."""
    who = ["--family", "Bertin", "--given", "Alix", "--practitioner", "Practitioner/alix", "--role", "professional"]
    served.typed("accounts", "add", "alix", *who, "--rpps", RPPS[NURSE])
    return NURSE


@pytest.fixture
def browser(running_sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A browser that trusts both sites and keeps their cookies."""
    trusted = ssl.create_default_context(cafile=str(running_sandbox.ca_file))
    AUTHORITY.configure_trust(trusted)
    with httpx.Client(verify=trusted) as client:
        yield client


def registered(server: TLSServer) -> str:
    """Register an application, as an operator does."""
    words = ["Agenda", "--public", "--scope", f"{SCOPE} user/Patient.crus", "--redirect-uri", CALLBACK]
    grants = ["--grant-type", "authorization_code", "--grant-type", "refresh_token"]
    return server.typed("clients", "add", *words, *grants).strip()


def decided(browser: httpx.Client, address: str, login: str, **answers: str) -> str:
    """Go through every page as a person does, and return the address of the application they are sent back to."""
    page = browser.get(address)
    for _ in range(20):
        if page.status_code == 303 or page.status_code == 302:
            location = str(page.url.join(page.headers["location"]))
            if location.startswith(CALLBACK):
                return location
            page = browser.get(location)
        elif page.url.path == "/sign-in":
            page = browser.get("{}/psc?{}".format(str(page.url).partition("?")[0], page.url.query.decode()))
        elif found := QUESTION.search(page.text):
            page = browser.post(
                page.url.join("/oauth/decision"), data={"request": found[1], "answer": "allow", **answers}
            )
        else:  # the provider asks who is there
            page = browser.post(page.url, data={"login": login})
    raise AssertionError(f"nobody was sent back: {page.url} {page.text[:500]}")


def test_a_smart_client_signs_in_with_pro_sante_connect_and_reads_a_patient(
    served: TLSServer, nurse: str, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    authorities = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(authorities))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authorities))
    app_id = registered(served)

    def connected(scope: str) -> smart.FHIRClient:
        settings = {"app_id": app_id, "api_base": served.base, "redirect_uri": CALLBACK, "scope": scope}
        client = smart.FHIRClient(settings=settings)
        client.wants_patient = "patient/" in scope
        client.prepare()
        return client

    # A front end of the professional's own makes the patient; then the application is opened on them.
    front = connected("user/Patient.crus")
    front.handle_callback(decided(browser, front.authorize_url, nurse))
    patient = Patient({"name": [{"family": "Tilleul", "given": ["Ana"]}]}).create(front.server)["id"]
    other = Patient({"name": [{"family": "Marronnier"}]}).create(front.server)["id"]

    client = connected(SCOPE)
    client.handle_callback(decided(browser, client.authorize_url, nurse, patient=patient))
    assert client.patient.name[0].family == "Tilleul"
    with pytest.raises(Exception, match="404"):
        Patient.read(other, client.server)
    assert client.reauthorize()

    session = browser.get(f"{served.root}/session").json()
    assert (session["means"], session["acr"]) == ("psc", "eidas1")
    ended = browser.delete(f"{served.root}/session", headers={"x-csrf-token": session["csrf"]})
    assert ended.status_code in (200, 204), ended.text
    began = time.monotonic()
    with pytest.raises(FHIRUnauthorizedException):
        while time.monotonic() - began < 5:
            Patient.read(patient, client.server)
            time.sleep(0.2)
    assert not client.server.auth.refresh_token or _refused(served, app_id, client.server.auth.refresh_token)
    log = served.log_path.read_text()
    secrets = [front.server.auth.access_token, client.server.auth.access_token, client.server.auth.refresh_token]
    assert not [secret for secret in secrets if secret in log]


def _refused(served: TLSServer, app_id: str, token: str) -> bool:
    trusted = ssl.create_default_context()
    AUTHORITY.configure_trust(trusted)
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app_id}
    answer = httpx.post(f"{served.root}/oauth/token", data=form, verify=trusted)
    return bool(answer.json()["error"] == "invalid_grant")
