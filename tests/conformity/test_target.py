"""What stands at a base URL: a FHIR server, or a line that says what to do."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from usager_server import __version__
from usager_server.conformity.errors import ConformityError
from usager_server.conformity.target import Software, Target, identify


def test_a_server_says_its_name_and_version(target):
    assert identify(target) == Software("Usager", __version__)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9/fhir", "http://nowhere.invalid/fhir"])
def test_nobody_there_is_told(base_url):
    with pytest.raises(ConformityError, match=f"nobody answers at {base_url}/metadata: is the server started"):
        identify(Target(base_url))


def test_the_root_of_a_fhir_server_is_told_from_its_base(target):
    root = target.base_url.removesuffix("/fhir")
    with pytest.raises(ConformityError, match=f"{root} is not the base of a FHIR server; did you mean {root}/fhir"):
        identify(Target(root, target.token))


def test_what_is_no_fhir_server_is_told(odd):
    with pytest.raises(ConformityError, match="is not the base of a FHIR server; give the address before /metadata"):
        identify(odd)


@pytest.mark.parametrize(
    ("token", "told"), [("", "wants a token: give --token-file"), ("x" * 40, "refuses this token")]
)
def test_a_closed_door_is_told(target, token, told):
    with pytest.raises(ConformityError, match=told):
        identify(Target(target.base_url, token))


def test_what_is_no_sandbox_is_told(target):
    with pytest.raises(ConformityError, match="is not the control API of a sandbox"):
        identify(Target(target.base_url, target.token, target.base_url))


def test_another_release_of_fhir_is_told():
    class R5(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}')

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), R5) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with pytest.raises(ConformityError, match=r"speaks FHIR 5\.0\.0; the scenarios are for 4\.0\.1"):
            identify(Target(f"http://127.0.0.1:{server.server_port}/fhir"))
        server.shutdown()
