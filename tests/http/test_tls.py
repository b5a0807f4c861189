"""The server speaking TLS itself."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import trustme

from tests.live import LiveServer

AUTHORITY = trustme.CA()


def trusting(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Return a client's side that trusts the authority, of one version of TLS only when one is given."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


class TLSServer(LiveServer):
    """A server that is reached by https only."""

    def __init__(self, folder: Path, **settings: str) -> None:
        certificate = folder / "own.pem"
        AUTHORITY.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        super().__init__(folder / "data", tls_certificate_file=str(certificate), **settings)
        self.root = f"https://127.0.0.1:{self.port}"
        self.base = f"{self.root}/fhir"

    def is_ready(self) -> bool:
        """Say whether the server takes requests now."""
        try:
            with urllib.request.urlopen(f"{self.root}/ready", timeout=2, context=trusting()) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TLSServer]:
    """A server with a certificate."""
    with TLSServer(tmp_path_factory.mktemp("tls")) as server:
        yield server


def test_addresses_begin_with_https_and_clients_are_told_to_stay(server: TLSServer) -> None:
    with httpx.Client(verify=trusting()) as client:
        made = client.post(f"{server.base}/Basic", json={"resourceType": "Basic", "code": {"text": "x"}})
        page = client.get(server.root)
    assert made.status_code == 201
    assert made.headers["Location"].startswith(f"{server.base}/Basic/")
    assert {each.headers["Strict-Transport-Security"] for each in (made, page)} == {
        "max-age=31536000; includeSubDomains"
    }


def test_nobody_is_served_without_tls(server: TLSServer) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(server.root.replace("https", "http"))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(server: TLSServer, version: ssl.TLSVersion) -> None:
    with httpx.Client(verify=trusting(version)) as client:
        assert client.get(f"{server.root}/health").status_code == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_older_ones_are_not(server: TLSServer, version: str) -> None:
    with (
        httpx.Client(verify=trusting(ssl.TLSVersion[version])) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get(f"{server.root}/health")


def test_a_client_that_does_not_trust_the_authority_does_not_come(server: TLSServer) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.root}/health")


def test_only_the_best_suites_are_spoken(server: TLSServer) -> None:
    spoken = set()
    for suite in ("ECDHE+AESGCM", "ECDHE+CHACHA20", "ECDHE+AES:!AESGCM:!AESCCM", "kRSA+AES", "DHE+AESGCM", "AESCCM"):
        context = trusting(ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(f"{suite}:@SECLEVEL=0")
        with httpx.Client(verify=context) as client, suppress(httpx.ConnectError):
            client.get(f"{server.root}/health")
            spoken.add(suite)
    assert spoken == {"ECDHE+AESGCM", "ECDHE+CHACHA20"}
