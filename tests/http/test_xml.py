"""XML on the wire."""

from httpx import AsyncClient

from tests.served import created

XML = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}
TEXT = b"""<?xml version="1.0" encoding="UTF-8"?>
<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="x"/></code>
<valueQuantity><value value="1.50"/></valueQuantity></Observation>"""


async def test_xml_goes_in_and_comes_out(client: AsyncClient):
    response = await client.post("/Observation", content=TEXT, headers=XML)
    assert response.status_code == 201, response.text
    assert response.headers["content-type"] == "application/fhir+xml; charset=utf-8"
    assert b'<value value="1.50"' in response.content


async def test_what_came_as_xml_is_read_as_json(client: AsyncClient):
    response = await client.post("/Observation", content=TEXT, headers={"Content-Type": "application/xml"})
    assert response.json()["valueQuantity"] == {"value": 1.5}


async def test_errors_are_xml_too(client: AsyncClient):
    response = await client.get("/Patient/nobody", headers=XML)
    assert response.status_code == 404
    assert response.content.startswith(b"<") and b"<OperationOutcome" in response.content


async def test_a_history_is_written_in_xml(client: AsyncClient):
    patient = await created(client)
    response = await client.get(f"/Patient/{patient['id']}/_history?_format=xml&_pretty=true")
    assert b'<type value="history"' in response.content
    assert b"\n  " in response.content


async def test_malformed_and_dangerous_xml_is_400(client: AsyncClient):
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"><id value="&a;"/></Patient>'
    for text in (b"<Patient", b"<Patient/>", bomb, b"", b"\x00", b"<a>" * 300):
        response = await client.post("/Patient", content=text, headers=XML)
        assert response.status_code == 400, text
