"""Every address of the server but FHIR's, tried by somebody who has nothing: what answers them is on this list."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount, Route

from tests.authorization.people import People
from usager_server.app import create_app
from usager_server.settings import Settings
from usager_server.testing import client_of

OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/requirements"),
    ("GET", "/version"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/sign-in"),
    ("GET", "/sign-in/reset"),
    ("GET", "/oauth/applications"),  # leads to /sign-in
    ("GET", "/oauth/jwks"),
    ("GET", "/fhir/.well-known/smart-configuration"),
    ("GET", "/fhir/.well-known/openid-configuration"),
}
NOBODY = "00000000-0000-0000-0000-000000000000"


def pages_of(app: Any) -> FastAPI:
    """Return what routes addresses, under all that is around it."""
    while not isinstance(app, FastAPI):
        app = getattr(app, "_pages", None) or app._app
    return app


async def test_nobody_gets_further_than_the_ways_in(smart_settings: dict[str, Any], people: People):
    app = create_app(Settings(**smart_settings), people)
    routes = [route for route in pages_of(app).routes if not isinstance(route, Mount)]
    answered = set()
    async with client_of(app) as http:
        for route in routes:
            assert isinstance(route, Route)
            address = route.path.replace("{id}", NOBODY).replace("{kind}", "email").replace("{act}", "suspend")
            for method in sorted((route.methods or set()) - {"HEAD"}):
                answers = [await tried(http, method, address, how) for how in ("form", "json")]
                assert all(answer.status_code < 500 for answer in answers), (method, route.path)
                if any(answer.status_code < 400 for answer in answers):
                    answered.add((method, route.path))
    assert len(routes) > 40
    assert answered == OPEN


async def tried(http: httpx.AsyncClient, method: str, address: str, how: str) -> httpx.Response:
    """Send something of no worth."""
    given = {"username": "x", "password": "x", "value": "x", "code": "0", "ticket": "x", "reason": "x"}
    content: dict[str, Any] = {} if method == "GET" else {"json": given} if how == "json" else {"data": given}
    return await http.request(method, address, **content)


@pytest.mark.parametrize("path", ["/static/nowhere", "/static/../app.py", "/static/%2e%2e/app.py"])
async def test_only_what_is_for_pages_is_under_static(http: httpx.AsyncClient, path: str):
    assert (await http.get(path)).status_code == 404
