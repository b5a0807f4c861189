"""The description of the addresses of the desk holds each of them, and nothing else."""

from pathlib import Path

from starlette.routing import Route

from usager_server.http.context import Everyone
from usager_server.http.sign_in.administration_api import ACTS
from usager_server.openapi.signing_in import sign_in_paths
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresStore
from usager_server.sandbox.certificates import issue_certificates
from usager_server.settings import Settings
from usager_server.signing_in import desk_routes, open_desk


def test_every_address_of_the_desk_is_described(tmp_path: Path):
    settings = Settings(
        data_dir=tmp_path,
        psc_issuer="https://psc.example",
        psc_client_id="usager",
        psc_certificate_file=issue_certificates(tmp_path).client,
    )
    store = PostgresStore(Connections("postgresql://nobody@localhost/none"), {})
    served = set()
    for route in desk_routes(open_desk(settings, store), Everyone()):
        assert isinstance(route, Route)
        acts = ACTS if "{act}" in route.path else [""]
        methods = (route.methods or set()) - {"HEAD"}
        served |= {(route.path.replace("{act}", act), method.lower()) for act in acts for method in methods}
    described = {(path, method) for path, methods in sign_in_paths().items() for method in methods}
    assert served == described
