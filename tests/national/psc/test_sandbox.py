"""The stand-in is as strict as Pro Santé Connect: its path, its certificate, its lifetimes, its words."""

import ssl
from collections.abc import Iterator

import httpx
import pytest

from tests.national.psc.conftest import order
from usager_server.national.trust import tls
from usager_server.sandbox.running import Sandbox

OIDC = "/protocol/openid-connect"


@pytest.fixture
def issuer(sandbox: Sandbox) -> str:
    """The issuer that it plays."""
    return sandbox.settings["psc_issuer"]


@pytest.fixture
def known(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client with the certificate of the structure."""
    with httpx.Client(verify=tls(sandbox.ca_file, sandbox.client_file)) as client:
        yield client


@pytest.fixture
def unknown(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client without a certificate."""
    with httpx.Client(verify=tls(sandbox.ca_file, None)) as client:
        yield client


def test_discovery_is_at_its_own_path_and_no_other(known, issuer):
    found = known.get(f"{issuer}/.well-known/wallet-openid-configuration").json()
    assert found["issuer"] == issuer
    assert found["authorization_response_iss_parameter_supported"]
    assert known.get(f"{issuer}/.well-known/openid-configuration").status_code == 404


def test_a_client_without_certificate_is_refused(unknown, issuer):
    answer = unknown.post(f"{issuer}{OIDC}/token", data={"grant_type": "refresh_token", "client_id": "usager"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_certificate_in_a_header_is_none(unknown, issuer):
    answer = unknown.post(
        f"{issuer}{OIDC}/token",
        data={"grant_type": "refresh_token", "client_id": "usager", "refresh_token": "x"},
        headers={"X-Client-Certificate": "MIIB"},
    )
    assert answer.status_code == 401


def test_a_certificate_of_another_authority_does_not_pass_the_handshake(sandbox, issuer, tmp_path):
    import trustme

    trustme.CA().issue_cert(common_name="stranger").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "c"))
    context = ssl.create_default_context(cafile=str(sandbox.ca_file))
    context.load_cert_chain(tmp_path / "c")
    with pytest.raises(httpx.TransportError), httpx.Client(verify=context) as stranger:
        stranger.get(f"{issuer}/.well-known/wallet-openid-configuration")


def test_the_known_client_is_refused_by_what_it_says_and_not_by_who_it_is(known, issuer):
    form = {"grant_type": "refresh_token", "client_id": "usager", "refresh_token": "never-given"}
    answer = known.post(f"{issuer}{OIDC}/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"binding_message": "4"}, "invalid_binding_message"),
        ({"binding_message": "42", "channel": "SMS"}, "invalid_request"),
        ({"login_hint": "899999999999", "binding_message": "42", "channel": "CARD"}, "unknown_user_id"),
    ],
)
def test_ciba_wants_two_digits_a_channel_and_somebody_known(known, issuer, form, error):
    asked = {"client_id": "usager", "scope": "openid scope_all", "login_hint": "819990000002", **form}
    answer = known.post(f"{issuer}{OIDC}/ext/ciba/auth", data=asked)
    assert answer.json()["error"] == error


def test_an_order_that_is_none_is_refused(sandbox):
    with pytest.raises(AssertionError, match="the seed is an object with some of"):
        order(sandbox, colour="red")
    with pytest.raises(AssertionError, match="this machine only"):
        order(sandbox, logout={"to": "https://elsewhere.example/", "sid": "1"})
