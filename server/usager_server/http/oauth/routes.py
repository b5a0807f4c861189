"""Every address of the authorization server."""

from starlette.routing import BaseRoute

from usager_server.authorization.server import AuthorizationServer
from usager_server.http.oauth.authorize import AuthorizePages
from usager_server.http.oauth.bearing import Bearing
from usager_server.http.oauth.endpoints import Endpoints
from usager_server.http.oauth.given import GivenPages
from usager_server.http.oauth.records import Records
from usager_server.http.templating import templates
from usager_server.interactions.session import House


def oauth_routes(server: AuthorizationServer, house: House) -> list[BaseRoute]:
    """Return the routes under /oauth, and those of discovery under the FHIR base."""
    records = Records(house, server.addresses.base)
    pages = AuthorizePages(server, records, templates)
    return [
        *Endpoints(server).routes(),
        *pages.routes(),
        *GivenPages(server).routes(),
        *Bearing(server, records).routes(),
    ]
