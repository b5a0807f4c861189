"""The contract as a file: its routes are those of the proxy, and real answers keep to it."""

import json
from typing import Any

import jsonschema
import pytest
from starlette.routing import Route

from tests.house.files import ROOT
from tests.proxy.conftest import BODY, CALLER_SUBJECT, client_of
from usager_server.proxy.app import create_proxy
from usager_server.proxy.connecting import SHAPES
from usager_server.proxy.house import build
from usager_server.proxy.settings import ProxySettings

CONTRACT: dict[str, Any] = json.loads(
    (ROOT / "openapi" / "services" / "proxy-e-sante.json").read_text(encoding="utf-8")
)
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
async def campaign(given, clock, psc_control, api_control):
    """A proxy with every route."""
    given["conformity"] = {"enabled": True, "readers": [CALLER_SUBJECT]}
    house = build(ProxySettings(**given), clock)
    yield house
    await house.close()


def keeps(content: Any, schema: str) -> None:
    """See that an answer is what the contract says. Errors: jsonschema.ValidationError."""
    definition = {"$ref": f"#/components/schemas/{schema}", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(definition).validate(content)


async def test_the_routes_of_the_contract_are_those_of_the_proxy(campaign):
    told = {path.partition("{")[0]: METHODS & item.keys() for path, item in CONTRACT["paths"].items()}
    routes = [route for route in create_proxy(campaign).routes if isinstance(route, Route)]
    real = {it.path.partition("{")[0]: {method.lower() for method in it.methods or ()} - {"head"} for it in routes}
    assert told == real


async def test_real_answers_keep_to_the_contract(campaign, places):
    async with client_of(campaign, places.caller) as caller:
        keeps((await caller.post("/connect", json={})).json(), "Error")
        keeps((await caller.post("/connect", json=BODY | {"clientId": "another"})).json(), "Error")
        keeps((await caller.get("/send/one/x")).json(), "Error")
        opened = await caller.post("/connect", json=BODY)
        keeps(opened.json(), "Session")
        keeps((await caller.get("/send/three/x")).json(), "Error")
        assert (await caller.get("/send/one/x")).status_code == 200
        await caller.post("/connect", json=BODY)
        await caller.delete("/disconnect")
        keeps((await caller.delete("/disconnect")).json(), "Error")
        traces = (await caller.get("/traces", params={"start": "2026-01-01T00:00:00Z"})).json()
    assert {it["type"] for it in traces} == set(
        CONTRACT["components"]["schemas"]["Trace"]["properties"]["type"]["enum"]
    )
    for trace in traces:
        keeps(trace, "Trace")


def test_what_the_contract_takes_is_what_the_proxy_takes():
    properties = CONTRACT["components"]["schemas"]["Connection"]["properties"]
    assert properties.keys() == SHAPES.keys()
    for name in ("nationalId", "bindingMessage"):
        assert properties[name]["pattern"] == f"^{SHAPES[name].pattern}$"
    keeps(BODY, "Connection")
