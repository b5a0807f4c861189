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
    assert headers["Content-Security-Policy"] == f"{content_security_policy()}; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_caller_who_wants_fhir_gets_a_binary(client):
    response = await shown(client, with_file("application/pdf", PDF), "pdf", {"Accept": "application/fhir+json"})
    assert response.json()["resourceType"] == "Binary"
    assert base64.b64decode(response.json()["data"]) == PDF


async def test_a_browser_gets_the_pdf_itself(client):
    accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert (await shown(client, with_file("application/pdf", PDF), "pdf", accept)).content == PDF


def displaying_itself(inside: str) -> bytes:
    """Return a document inside the style sheet that displays it."""
    document = structured(section("Suite", "dit")).decode().partition("?>")[2]
    namespaces = 'version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"'
    template = f'<xsl:template match="/"><html><body>{inside}</body></html></xsl:template>'
    return f"<xsl:stylesheet {namespaces}>{template}{document}</xsl:stylesheet>".encode()


@pytest.mark.requirement("SC.CDA/VISU.03")
async def test_the_style_sheet_of_the_producer_is_used_when_it_is_asked_for(client):
    address = await filed(client, displaying_itself('<p>à sa façon</p><xsl:value-of select="//h:title"/>'))
    by_us = await client.get(f"/{address}/$render", headers=ANY)
    by_them = await client.get(f"/{address}/$render?stylesheet=producer", headers=ANY)
    assert "à sa façon" not in by_us.text
    assert "<p>à sa façon</p>Lettre de liaison de sortie" in by_them.text
    assert by_them.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")


@pytest.mark.requirement("SC.CDA/VISU.01")
async def test_a_style_sheet_that_presents_a_risk_is_not_used_and_ours_says_so(client):
    risky = displaying_itself("<p>à sa façon</p>").replace(b"<xsl:template", b'<xsl:import href="x"/><xsl:template')
    response = await client.get(f"/{await filed(client, risky)}/$render?stylesheet=producer", headers=ANY)
    assert "<h1>Lettre de liaison de sortie</h1>" in response.text
    assert "elle présente un risque" in response.text


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
