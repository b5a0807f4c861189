"""What nobody should send, sent to a running server: each refused with its status and place, and nothing is kept."""

import asyncio
import json
import resource
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from tests.live import LiveServer
from tests.proofs.test_hang_up import post

CLIENTS = 1000
JSON, XML = "application/fhir+json", "application/fhir+xml"
PATIENT: dict[str, Any] = {"resourceType": "Patient", "name": [{"family": "Durand"}]}
HEADERS = {"Content-Type": JSON, "Prefer": "return=minimal"}
CONDITION = "identifier=urn:s%7C1"
NESTED = b'{"resourceType":"Patient","extension":' + b'[{"url":"urn:x","extension":' * 200 + b"[]" + b"}]" * 200 + b"}"


@dataclass(frozen=True)
class Bad:
    """One thing nobody should send, and how it is refused."""

    body: bytes = b""
    status: int = 400
    expression: str = ""
    method: str = "POST"
    path: str = "/Patient"
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON


def patient(**more: Any) -> bytes:
    """Return a Patient with these elements besides."""
    return json.dumps({**PATIENT, **more}).encode()


def bundle(*entries: Any) -> bytes:
    """Return a transaction."""
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def put(url: str, resource_id: str | None = None) -> dict[str, Any]:
    """Return an entry that puts a Patient."""
    body = PATIENT if resource_id is None else {**PATIENT, "id": resource_id}
    return {"resource": body, "request": {"method": "PUT", "url": url}}


CASES: dict[str, Bad] = {
    "malformed JSON": Bad(b'{"resourceType":"Patient",', expression="Patient"),
    "malformed XML": Bad(b'<Patient xmlns="http://hl7.org/fhir"><active', content_type=XML, expression="Patient"),
    "an entity in XML": Bad(
        b'<!DOCTYPE p [<!ENTITY e "x">]><Patient xmlns="http://hl7.org/fhir"/>', content_type=XML, expression="Patient"
    ),
    "a wrong content type": Bad(patient(), 415, content_type="text/csv"),
    "an unknown type": Bad(patient(), 404, path="/Patint"),
    "an unknown element": Bad(patient(familly="x"), expression="Patient.familly"),
    "two value[x]": Bad(patient(deceasedBoolean=True, deceasedDateTime="2020"), expression="Patient.deceased"),
    "a wrong reference type": Bad(
        patient(managingOrganization={"reference": "Patient/1"}), expression="Patient.managingOrganization"
    ),
    "a 10 MB string": Bad(patient(name=[{"family": "x" * 10_000_000}]), expression="Patient.name[0].family"),
    "200 levels": Bad(NESTED, expression="Patient"),
    "duplicate keys": Bad(b'{"resourceType":"Patient","active":true,"active":false}', expression="Patient"),
    "NaN": Bad(b'{"resourceType":"Patient","multipleBirthInteger":NaN}', expression="Patient"),
    "bad UTF-8": Bad(b'{"resourceType":"Patient","language":"\xff"}', expression="Patient"),
    "a null byte": Bad(b'{"resourceType":"Patient","language":"a\x00"}', expression="Patient"),
    "an escaped null": Bad(patient(name=[{"family": "a\x00b"}]), expression="Patient"),
    "an id of 65 characters": Bad(
        patient(id="x" * 65), method="PUT", path=f"/Patient/{'x' * 65}", expression="Patient.id"
    ),
    "_count=-1": Bad(method="GET", path="/Patient?_count=-1", expression="_count"),
    "two updates of one identity": Bad(
        bundle(put(f"Patient?{CONDITION}"), put(f"Patient?{CONDITION}&{CONDITION}")),
        path="",
        expression="Bundle.entry[1]",
    ),
    "two updates of one resource": Bad(
        bundle(put("Patient/a"), put("Patient/a")), path="", expression="Bundle.entry[0]"
    ),
    "a transaction within": Bad(
        bundle({"resource": {"resourceType": "Bundle", "type": "batch"}, "request": {"method": "POST", "url": "/"}}),
        path="",
        expression="Bundle.entry[0].request.url",
    ),
    "100 chained parameters": Bad(
        method="GET", path="/Patient?" + "&".join(["organization.name=x"] * 100), expression="Patient?organization.name"
    ),
    "a chain of 100 steps": Bad(
        method="GET", path="/Organization?" + "partof." * 100 + "name=x", expression="Organization?partof"
    ),
    "an If-Match that is none": Bad(patient(id="a"), method="PUT", path="/Patient/a", headers={"If-Match": "abc"}),
    "every revinclude": Bad(method="GET", path="/Patient?_revinclude=*", expression="_revinclude"),
    "a condition that selects nothing": Bad(patient(), headers={"If-None-Exist": "_count=1"}, expression="_count"),
    "a reference that names nobody": Bad(
        patient(managingOrganization={"reference": "Organization?identifier=nobody"}),
        422,
        expression="Patient.managingOrganization.reference",
    ),
    "a long address": Bad(method="GET", status=414, path=f"/Patient?name={'x' * 9000}"),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_refused_with_its_place_and_nothing_is_kept(
    server: LiveServer, http: aiohttp.ClientSession, name: str
) -> None:
    bad, before = CASES[name], await total(http, server)
    headers = {"Content-Type": bad.content_type, **bad.headers} if bad.body else bad.headers
    body = BytesIO(bad.body) if bad.body else None
    async with http.request(bad.method, f"{server.base}{bad.path}", data=body, headers=headers) as answer:
        outcome = await answer.json(content_type=None)
    assert answer.status == bad.status, outcome
    assert outcome["resourceType"] == "OperationOutcome"
    issue = outcome["issue"][0]
    assert issue["severity"] == "error" and issue["diagnostics"]
    assert issue.get("expression", [""])[0].startswith(bad.expression)
    assert bool(bad.expression) == ("expression" in issue)
    assert await total(http, server) == before


async def test_circles_in_a_transaction_are_links_like_others(server: LiveServer, http: aiohttp.ClientSession) -> None:
    one, other = (f"urn:uuid:05efabf0-4be2-4561-91ce-51548425acb{digit}" for digit in "12")
    entries = [
        {
            "fullUrl": mine,
            "resource": {
                **PATIENT,
                "link": [{"other": {"reference": link}, "type": "seealso"} for link in (mine, its)],
            },
            "request": {"method": "POST", "url": "Patient"},
        }
        for mine, its in ((one, other), (other, one))
    ]
    async with http.post(server.base, data=bundle(*entries), headers=HEADERS) as answer:
        made = await answer.json(content_type=None)
    assert answer.status == 200, made
    first, second = (entry["response"]["location"].partition("/_history")[0] for entry in made["entry"])
    async with http.get(f"{server.base}/{first}") as answer:
        links = (await answer.json(content_type=None))["link"]
    assert [link["other"]["reference"] for link in links] == [first, second]


async def test_five_thousand_entries_are_one_transaction_or_none(
    server: LiveServer, http: aiohttp.ClientSession
) -> None:
    before = await total(http, server)
    entries = [{"resource": PATIENT, "request": {"method": "POST", "url": "Patient"}}] * 5000
    async with http.post(server.base, data=BytesIO(bundle(*entries[1:], put("Patient/b"))), headers=HEADERS) as answer:
        assert answer.status == 400, await answer.text()
    assert await total(http, server) == before
    async with http.post(server.base, data=BytesIO(bundle(*entries)), headers=HEADERS) as answer:
        assert answer.status == 200, await answer.text()
    assert await total(http, server) == before + 5000


async def test_a_thousand_slow_clients_hold_up_nobody(server: LiveServer, http: aiohttp.ClientSession) -> None:
    room_for_files(CLIENTS + 200)
    before = await total(http, server)
    crowd = [asyncio.create_task(dripped(server, piece_seconds=1.0)) for _ in range(CLIENTS)]
    waits = []
    while not all(client.done() for client in crowd):
        began = asyncio.get_running_loop().time()
        await total(http, server)
        waits.append(asyncio.get_running_loop().time() - began)
        await asyncio.sleep(0.05)
    statuses = Counter([await client for client in crowd])
    print(f"\n{statuses}, {len(waits)} others served meanwhile, the slowest in {max(waits):.2f} s")
    assert statuses == {b"HTTP/1.1 201 Created": CLIENTS}
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] < 0.5
    assert max(waits) < 10
    assert await total(http, server) == before + CLIENTS


async def dripped(server: LiveServer, piece_seconds: float) -> bytes:
    """Send a Patient in five pieces, slowly, and return the first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    whole = post(patient(), path="/fhir/Patient")
    size = len(whole) // 5 + 1
    for start in range(0, len(whole), size):
        writer.write(whole[start : start + size])
        await writer.drain()
        await asyncio.sleep(piece_seconds)
    line = await reader.readline()
    writer.close()
    return line.rstrip()


def room_for_files(count: int) -> None:
    """Let this process open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


async def total(http: aiohttp.ClientSession, server: LiveServer) -> int:
    """Return how many Patients there are."""
    async with http.get(f"{server.base}/Patient?_summary=count") as answer:
        found: int = (await answer.json(content_type=None))["total"]
    return found
