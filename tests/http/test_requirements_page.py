"""The page /requirements: what concerns the active profiles, to a browser and to a tool."""

from collections.abc import AsyncIterator

import httpx
import pytest
from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.routing import Route

from tests.conftest import copied_database, drop_database
from tests.whole import running_app
from usager_server.http.requirements_page import RequirementsPage
from usager_server.repository.embedded import EmbeddedPostgres

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
async def server(postgres: EmbeddedPostgres) -> AsyncIterator[httpx.AsyncClient]:
    """A server of the profile AHI alone; the page reads nothing of its database, but the start waits for one."""
    database = await copied_database(postgres)
    async with running_app(database.url, profiles="ahi") as client:
        yield client
    await drop_database(database)


async def test_a_tool_gets_json(server: httpx.AsyncClient):
    told = (await server.get("/requirements")).json()
    assert told["profiles"] == ["general", "ahi"]
    assert sum(told["counts"].values()) == len(told["requirements"])
    assert {"id", "status", "title", "chapter"} <= set(told["requirements"][0])


async def test_only_what_concerns_the_active_profiles_is_told(server: httpx.AsyncClient):
    ids = {it["id"] for it in (await server.get("/requirements")).json()["requirements"]}
    assert "MS.AHI/SISIAO.01" in ids
    assert ids.isdisjoint({"MS.CDM/VT.01", "SC.DMP/CONF.16", "DUI.LI.02"})


async def test_a_browser_gets_a_page_in_french(server: httpx.AsyncClient):
    answer = await server.get("/requirements", headers=BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert '<html lang="fr">' in answer.text
    assert "Accueil, hébergement, insertion" in answer.text
    assert "Échanges avec le SI-SIAO (1 sur 21)" in answer.text


async def test_a_status_keeps_those_that_stand_there(server: httpx.AsyncClient):
    told = (await server.get("/requirements?status=todo")).json()["requirements"]
    assert {it["status"] for it in told} == {"todo"}


async def test_a_status_without_any_says_so():
    templates = Environment(loader=PackageLoader("usager_server.http"), autoescape=True, enable_async=True)
    page = RequirementsPage(profiles=(), every=(), templates=lambda: templates, headers={})
    app = Starlette(routes=[Route("/requirements", page.show)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get("/requirements?format=html&status=done")
    assert "Aucune exigence dans cet état" in answer.text


@pytest.mark.parametrize("query", ["status=finished", "status=retired", "format=xml", "status=%3Cscript%3E"])
async def test_a_wrong_filter_is_refused(server: httpx.AsyncClient, query):
    answer = await server.get(f"/requirements?{query}", headers=BROWSER)
    assert answer.status_code == 400
    assert "it must be" in answer.json()["error"]
