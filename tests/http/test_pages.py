"""What is served besides FHIR."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.conftest import Database, copied_database, drop_database
from tests.private_files import private_file
from tests.whole import running_app
from usager_server import __version__
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.tenants import add_tenant

PAGES = ["/", "/docs", "/requirements?format=html"]


@pytest.fixture(scope="module")
async def whole(postgres: EmbeddedPostgres) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application with one profile."""
    database = await copied_database(postgres)
    async with running_app(database.url, profiles="pa") as client:
        yield client
    await drop_database(database)


@pytest.fixture(scope="module")
async def without_database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application, nobody answering at the address of its database."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    async with running_app(f"postgresql://usager_app@/usager?host={nowhere}") as client:
        yield client


async def test_the_landing_page_says_what_is_on(whole: httpx.AsyncClient):
    page = (await whole.get("/")).text
    assert "Personnes âgées" in page
    assert __version__ in page
    assert "En service" in page
    assert "http://localhost/fhir" in page


async def test_the_landing_page_names_what_is_installed_and_off(whole: httpx.AsyncClient):
    page = (await whole.get("/")).text
    assert re.search(r"non activés :.*<code>ahi</code>", page)
    assert "Hébergement" not in page


async def test_the_landing_page_says_when_the_database_is_gone(without_database: httpx.AsyncClient):
    assert "Base de données injoignable" in (await without_database.get("/")).text


@pytest.mark.parametrize("page", PAGES)
async def test_every_local_link_leads_somewhere(whole: httpx.AsyncClient, page):
    text = (await whole.get(page)).text
    links = {link.replace("&amp;", "&") for link in re.findall(r'(?:href|src)="([^"#]+)"', text)}
    assert {link: (await whole.get(link)).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("page", PAGES)
async def test_pages_fetch_nothing_from_elsewhere(whole: httpx.AsyncClient, page):
    answer = await whole.get(page)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r'(?:href|src)="(?:https?:)?//(?!localhost)', answer.text)


async def test_the_version_is_told(whole: httpx.AsyncClient):
    told = (await whole.get("/version")).json()
    statement = (await whole.get("/fhir/metadata")).json()["software"]
    assert (told["version"], told["released"]) == (statement["version"], statement["releaseDate"])


async def test_health_asks_nothing_of_the_database(without_database: httpx.AsyncClient):
    assert (await without_database.get("/health")).json() == {"status": "ok", "version": __version__}


async def test_ready_when_the_database_answers_at_the_right_version(whole: httpx.AsyncClient):
    assert (await whole.get("/ready")).status_code == 200


async def test_not_ready_without_a_database(without_database: httpx.AsyncClient):
    answer = await without_database.get("/ready")
    assert answer.status_code == 503
    assert "does not answer" in answer.json()["reason"]


async def test_metrics_count_the_interactions(whole: httpx.AsyncClient):
    await whole.get("/fhir/Basic/nobody")
    text = (await whole.get("/metrics")).text
    assert 'usager_requests_total{interaction="read",status="404",type="Basic"} 1.0' in text
    assert 'usager_request_seconds_count{interaction="read"}' in text
    assert "usager_database_connections_open" in text


async def test_metrics_tell_how_old_the_newest_backup_is(whole: httpx.AsyncClient, database: Database, tmp_path: Path):
    assert "backup" not in (await whole.get("/metrics")).text
    async with running_app(database.url, backup_folder=tmp_path) as client:
        assert "usager_backup_age_seconds +Inf" in (await client.get("/metrics")).text
        (tmp_path / "usager-20200101T000000Z.partial").mkdir()
        assert "usager_backup_age_seconds +Inf" in (await client.get("/metrics")).text
        made = datetime.now(UTC) - timedelta(hours=3)
        (tmp_path / made.strftime("usager-%Y%m%dT%H%M%SZ")).mkdir()
        (found,) = re.findall(r"^usager_backup_age_seconds (\S+)$", (await client.get("/metrics")).text, re.MULTILINE)
    assert 3 * 3600 <= float(found) < 4 * 3600


async def test_the_openapi_document_names_the_address_it_was_asked_at(whole: httpx.AsyncClient):
    assert (await whole.get("/openapi.json")).json()["servers"] == [{"url": "http://localhost"}]


async def test_a_file_that_no_page_needs_is_404(whole: httpx.AsyncClient):
    assert (await whole.get("/static/pages.py")).status_code == 404


async def test_without_sign_in_another_host_name_is_refused(whole: httpx.AsyncClient):
    answer = await whole.get("/fhir/metadata", headers={"Host": "rebound.example"})
    assert answer.status_code == 403
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://localhost.elsewhere.example", ""])
async def test_without_sign_in_a_page_elsewhere_writes_nothing(whole: httpx.AsyncClient, origin):
    written = {"Origin": origin, "Content-Type": "text/plain"}  # as a browser sends without asking first
    assert (await whole.post("/fhir/Binary", content=b"hello", headers=written)).status_code == 403


async def test_without_sign_in_a_page_of_this_machine_writes(whole: httpx.AsyncClient):
    written = {"Origin": "http://localhost:3000", "Content-Type": "text/plain"}
    assert (await whole.post("/fhir/Binary", content=b"hello", headers=written)).status_code == 201


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
async def test_every_name_of_this_machine_will_do(whole: httpx.AsyncClient, host):
    assert (await whole.get("/health", headers={"Host": host})).status_code == 200


async def test_the_definition_of_every_operation_may_be_read(whole: httpx.AsyncClient):
    rest = (await whole.get("/fhir/metadata")).json()["rest"][0]
    listed = [*rest.get("operation", []), *(it for kind in rest["resource"] for it in kind.get("operation", []))]
    ids = {it["definition"].rpartition("/")[2] for it in listed}
    assert "questionnaireresponse-aggir" in ids
    answers = {each: (await whole.get(f"/fhir/OperationDefinition/{each}")).json() for each in ids}
    assert {each: answer["url"] for each, answer in answers.items()} == {
        each: f"https://usager.example/fhir/OperationDefinition/{each}" for each in ids
    }


async def test_the_definition_of_an_operation_that_is_off_is_404(whole: httpx.AsyncClient):
    assert (await whole.get("/fhir/OperationDefinition/group-household")).status_code == 404


async def test_installed_profiles_may_be_read(whole: httpx.AsyncClient):
    patient = next(
        it for it in (await whole.get("/fhir/metadata")).json()["rest"][0]["resource"] if it["type"] == "Patient"
    )
    canonical = patient["supportedProfile"][0]
    answer = await whole.get(f"/fhir/StructureDefinition/{canonical.rpartition('/')[2]}")
    assert answer.json()["url"] == canonical


TOKEN = "0123456789abcdef" * 2
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def test_with_tokens_only_the_capabilities_and_the_pages_are_open(postgres: EmbeddedPostgres, tmp_path):
    private_file(tmp_path / "tokens", f"{TOKEN} 1 front\n")
    database = await copied_database(postgres)
    async with running_app(database.url, auth="token", token_file=tmp_path / "tokens") as client:
        asked = ["/fhir/metadata", "/", "/docs", "/openapi.json", "/health", "/ready"]
        kept = ["/fhir/Patient", "/fhir/Patient/1", "/fhir/$validate", "/metrics"]
        answers = {path: await client.get(path) for path in [*asked, *kept]}
        counted = await client.get("/metrics", headers=BEARER)
    await drop_database(database)
    assert [answers[path].status_code for path in asked] == [200] * len(asked)
    assert [answers[path].status_code for path in kept] == [401] * len(kept)
    assert answers["/metrics"].json()["issue"][0]["code"] == "login"
    assert answers["/metrics"].headers["www-authenticate"].startswith("Bearer")
    assert "usager_" in counted.text


async def test_a_token_for_a_tenant_that_is_not_there_is_403(postgres: EmbeddedPostgres, tmp_path):
    private_file(tmp_path / "tokens", f"{TOKEN} 77 front\n")
    database = await copied_database(postgres)
    async with running_app(database.url, auth="token", token_file=tmp_path / "tokens") as client:
        refused = [
            await client.post("/fhir/Patient", json={"resourceType": "Patient"}, headers=BEARER),
            await client.get("/fhir/Patient/1", headers=BEARER),
            await client.get("/fhir/Patient", headers=BEARER),
        ]
        assert (await client.get("/fhir/metadata", headers=BEARER)).status_code == 200
        await add_tenant(database.superuser_url, "Les Tilleuls", 77)
        made = await client.post("/fhir/Patient", json={"resourceType": "Patient"}, headers=BEARER)
    await drop_database(database)
    assert [answer.status_code for answer in refused] == [403] * 3
    assert refused[0].json()["issue"][0]["code"] == "forbidden"
    assert made.status_code == 201
