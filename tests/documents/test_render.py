"""DocumentReference/[id]/$render: a stored document as a page, as a PDF, or the reason why not."""

import base64

import httpx
import pytest

from tests.cda.documents import ALL
from tests.cda.render.documents import PDF, copy_of_the_document, section, structured, with_file
from tests.served import FHIR_JSON, issue
from usager_cda.render.page import content_security_policy

XML = {"Content-Type": "application/xml"}
ANY = {"Accept": "*/*"}


async def filed(client: httpx.AsyncClient, data: bytes) -> str:
    """Return the address of a document that was just imported."""
    response = await client.post("/DocumentReference/$import-cda", content=data, headers=XML)
    assert response.status_code == 200, response.text
    return response.headers["Location"].removeprefix(str(client.base_url)).lstrip("/")


async def shown(client: httpx.AsyncClient, data: bytes, wanted: str, headers: dict | None = None) -> httpx.Response:
    return await client.get(f"/{await filed(client, data)}/$render", params={"format": wanted}, headers=headers or ANY)


async def stored(client: httpx.AsyncClient, attachment: dict) -> str:
    """Return the address of a DocumentReference with one attachment."""
    document = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": attachment}]}
    response = await client.post("/DocumentReference", json=document, headers=FHIR_JSON)
    assert response.status_code == 201, response.text
    return f"/DocumentReference/{response.headers['Location'].split('/')[-3]}"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
async def test_every_document_is_shown_as_a_page(client, path):
    response = await shown(client, path.read_bytes(), "html")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>" in response.text


@pytest.mark.requirement("SC.CDA/VISU.01")
@pytest.mark.parametrize(
    "data", [with_file("text/plain", b"dit"), structured(section("Suite", "dit"))], ids=["n1", "n3"]
)
async def test_the_header_and_the_body_of_an_n1_and_of_an_n3_are_shown(client, data):
    text = (await shown(client, data, "html")).text
    for told in ("ABEILLON JEANNE", "Lettre de liaison de sortie", "Dr Claire MARTINEAU", "dit"):
        assert told in text


@pytest.mark.requirement("SC.CDA/VISU.03")
async def test_the_pdf_of_an_n3_comes_first_and_the_structured_view_is_a_link_away(client):
    text = (await shown(client, structured(section("Suite", "dit"), copy_of_the_document()), "html")).text
    assert text.index("application/pdf;base64,") < text.index(">Suite</h2>")
    assert '<a href="#r-1">Suite</a>' in text


@pytest.mark.requirement("SC.CDA/DD.15")
async def test_an_n3_and_its_pdf_are_one_line(client):
    address = await filed(client, structured(section("Suite", "dit"), copy_of_the_document()))
    found = (await client.get("/DocumentReference")).json()
    assert [entry["fullUrl"].endswith(address) for entry in found["entry"]] == [True]
    response = await client.get(f"/{address}/$render?format=pdf", headers=ANY)
    assert response.content == PDF


async def test_the_pdf_of_an_n1_is_its_body(client):
    response = await shown(client, with_file("application/pdf", PDF), "pdf")
    assert response.content == PDF
    assert response.headers["Content-Type"] == "application/pdf"


async def test_a_document_without_a_pdf_is_printed(client):
    response = await shown(client, structured(section("Suite", "dit")), "pdf")
    if response.status_code == 503:
        pytest.skip(response.json()["issue"][0]["diagnostics"])
    assert response.content.startswith(b"%PDF-1.4")


async def test_the_page_may_show_and_nothing_else(client):
    headers = (await shown(client, structured(section("Suite", "dit")), "html")).headers
    assert headers["Content-Security-Policy"] == content_security_policy()
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_caller_who_wants_fhir_gets_a_binary(client):
    response = await shown(client, with_file("application/pdf", PDF), "pdf", {"Accept": "application/fhir+json"})
    assert response.json()["resourceType"] == "Binary"
    assert base64.b64decode(response.json()["data"]) == PDF


async def test_a_browser_gets_the_pdf_itself(client):
    accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert (await shown(client, with_file("application/pdf", PDF), "pdf", accept)).content == PDF


async def test_without_a_format_it_is_a_page(client):
    response = await client.get(f"/{await filed(client, structured(section('Suite', 'dit')))}/$render", headers=ANY)
    assert response.headers["Content-Type"].startswith("text/html")


async def test_another_format_is_400(client):
    response = await shown(client, structured(section("Suite", "dit")), "docx")
    assert response.status_code == 400
    assert "html or pdf" in issue(response)["diagnostics"]


async def test_an_unknown_document_is_404(client):
    assert (await client.get("/DocumentReference/no-one/$render")).status_code == 404


async def test_a_deleted_document_is_410(client):
    address = await filed(client, structured(section("Suite", "dit")))
    await client.delete(f"/{address}")
    assert (await client.get(f"/{address}/$render")).status_code == 410


async def test_a_stored_pdf_is_shown_as_it_is(client):
    address = await stored(client, {"contentType": "application/pdf", "data": base64.b64encode(PDF).decode()})
    assert (await client.get(f"{address}/$render?format=pdf", headers=ANY)).content == PDF
    response = await client.get(f"{address}/$render?format=html", headers=ANY)
    assert (response.status_code, issue(response)["expression"]) == (422, ["DocumentReference.content"])


@pytest.mark.parametrize(
    ("attachment", "told"),
    [
        ({"contentType": "text/html", "data": "PGI+"}, "no content that can be shown: text/html"),
        ({"contentType": "text/xml", "url": "Binary/no-one"}, "not here"),
        ({"contentType": "text/xml", "url": "https://elsewhere.example/Binary/1"}, "not here"),
        ({"contentType": "text/xml", "data": "PGI+"}, "expected ClinicalDocument|malformed"),
        ({"contentType": "text/xml", "data": base64.b64encode(b"<!DOCTYPE a><a/>").decode()}, "DOCTYPE"),
    ],
)
async def test_what_cannot_be_shown_is_422_and_says_why(client, attachment, told):
    response = await client.get(f"{await stored(client, attachment)}/$render", headers=ANY)
    assert response.status_code == 422
    assert any(part in issue(response)["diagnostics"] for part in told.split("|"))
