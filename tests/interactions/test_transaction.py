"""transaction: all or nothing, and links between entries."""

import asyncio
from typing import Any

from httpx import AsyncClient, Response

from tests.served import FHIR_JSON, PATIENT, created, issue

ANNE = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"
HEART = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acba"


def entry(method: str, url: str, resource: dict[str, Any] | None = None, full_url: str = "", **request: Any) -> Any:
    """Return one entry."""
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if full_url:
        made["fullUrl"] = full_url
    if resource is not None:
        made["resource"] = resource
    return made


def observation(subject: str, **more: Any) -> dict[str, Any]:
    """Return an Observation of this subject."""
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": {"reference": subject}, **more}


async def sent(client: AsyncClient, *entries: Any, kind: str = "transaction", **headers: str) -> Response:
    """Return the answer to a transaction."""
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return await client.post("/", json=bundle, headers={**FHIR_JSON, "Prefer": "return=representation", **headers})


async def count(client: AsyncClient) -> int:
    """Return how many versions the store holds."""
    return len((await client.get("/_history")).json().get("entry", []))


async def test_references_between_entries_become_real_ones(client: AsyncClient):
    response = await sent(
        client,
        entry("POST", "Observation", observation(ANNE), HEART),
        entry("POST", "Patient", {**PATIENT, "link": [{"other": {"reference": ANNE}, "type": "seealso"}]}, ANNE),
    )
    assert response.status_code == 200, response.text
    heart, anne = (answer["resource"] for answer in response.json()["entry"])
    assert heart["subject"]["reference"] == f"Patient/{anne['id']}"
    assert anne["link"][0]["other"]["reference"] == f"Patient/{anne['id']}"
    assert response.json()["type"] == "transaction-response"
    assert [answer["response"]["status"] for answer in response.json()["entry"]] == ["201 Created", "201 Created"]


async def test_circular_references_are_fine(client: AsyncClient):
    other = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acbb"
    link = {**PATIENT, "link": [{"other": {"reference": other}, "type": "refer"}]}
    back = {**PATIENT, "link": [{"other": {"reference": ANNE}, "type": "refer"}]}
    response = await sent(client, entry("POST", "Patient", link, ANNE), entry("POST", "Patient", back, other))
    one, two = (answer["resource"] for answer in response.json()["entry"])
    assert one["link"][0]["other"]["reference"] == f"Patient/{two['id']}"
    assert two["link"][0]["other"]["reference"] == f"Patient/{one['id']}"


async def test_links_are_replaced_in_uris_and_narrative_but_not_in_strings(client: AsyncClient):
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{ANNE}">x</a></div>',
        },
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": ANNE}],
        "content": [{"attachment": {"url": ANNE}}],
    }
    response = await sent(
        client, entry("POST", "Patient", PATIENT, ANNE), entry("POST", "DocumentReference", document, HEART)
    )
    patient, stored = (answer["resource"] for answer in response.json()["entry"])
    assert stored["content"][0]["attachment"]["url"] == f"Patient/{patient['id']}"
    assert f'href="Patient/{patient["id"]}"' in stored["text"]["div"]
    assert stored["identifier"][0]["value"] == ANNE


async def test_relative_references_follow_the_base_of_their_entry(client: AsyncClient):
    response = await sent(
        client,
        entry("POST", "Patient", PATIENT, "http://elsewhere.example/fhir/Patient/7"),
        entry("POST", "Observation", observation("Patient/7"), "http://elsewhere.example/fhir/Observation/8"),
        entry(
            "POST", "Observation", observation("Patient/7/_history/3"), "http://elsewhere.example/fhir/Observation/9"
        ),
    )
    patient, first, second = (answer["resource"] for answer in response.json()["entry"])
    assert first["subject"]["reference"] == f"Patient/{patient['id']}"
    assert second["subject"]["reference"] == f"Patient/{patient['id']}/_history/1"


async def test_deletes_go_first_and_reads_last_but_answers_keep_their_places(client: AsyncClient):
    old = await created(client)
    response = await sent(
        client,
        entry("GET", "Patient/mine"),
        entry("PUT", "Patient/mine", {**PATIENT, "id": "mine"}),
        entry("DELETE", f"Patient/{old['id']}"),
    )
    read, put, deleted = response.json()["entry"]
    assert read["resource"]["id"] == "mine"
    assert put["response"]["status"] == "201 Created"
    assert deleted["response"]["status"] == "204 No Content"


async def test_one_invalid_entry_refuses_all_and_says_where(client: AsyncClient):
    response = await sent(
        client,
        entry("POST", "Patient", PATIENT),
        entry("POST", "Patient", {"resourceType": "Patient", "name": [{"family": 5}]}),
    )
    assert response.status_code == 400
    assert issue(response)["expression"] == ["Bundle.entry[1].resource.name[0].family"]
    assert await count(client) == 0


async def test_a_failure_in_the_store_leaves_nothing(client: AsyncClient):
    response = await sent(
        client,
        entry("POST", "Patient", PATIENT),
        entry("PUT", "Patient/mine", {**PATIENT, "id": "mine"}, ifMatch='W/"4"'),
    )
    assert response.status_code == 412
    assert issue(response)["expression"] == ["Bundle.entry[1].resource"]
    assert await count(client) == 0


async def test_a_read_of_nothing_fails_the_transaction(client: AsyncClient):
    response = await sent(client, entry("POST", "Patient", PATIENT), entry("GET", "Patient/nobody"))
    assert response.status_code == 404
    assert issue(response)["expression"] == ["Bundle.entry[1]"]
    assert await count(client) == 0


async def test_two_writes_to_one_resource_are_refused(client: AsyncClient):
    mine = {**PATIENT, "id": "mine"}
    for second in (entry("PUT", "Patient/mine", mine), entry("DELETE", "Patient/mine")):
        response = await sent(client, entry("PUT", "Patient/mine", mine), second)
        assert response.status_code == 400
        assert issue(response)["expression"][0].startswith("Bundle.entry[")
    assert await count(client) == 0


async def test_updates_write_many_at_once(client: AsyncClient):
    entries = [entry("PUT", f"Patient/p{i}", {**PATIENT, "id": f"p{i}"}) for i in range(30)]
    first = await sent(client, *entries)
    second = await sent(client, *entries)
    assert {answer["response"]["status"] for answer in first.json()["entry"]} == {"201 Created"}
    assert {answer["response"]["etag"] for answer in second.json()["entry"]} == {'W/"2"'}


async def test_minimal_answers_have_no_resource(client: AsyncClient):
    response = await sent(client, entry("POST", "Patient", PATIENT), Prefer="return=minimal")
    answer = response.json()["entry"][0]
    assert "resource" not in answer
    assert answer["response"]["location"].startswith("Patient/")


async def test_transactions_that_cross_wait_for_each_other(client: AsyncClient):
    patients = [await created(client) for _ in range(6)]
    deletes = [entry("DELETE", f"Patient/{patient['id']}") for patient in patients]
    updates = [entry("PUT", f"Patient/{patient['id']}", patient) for patient in patients]
    orders = [list(way)[:: 1 if turn % 2 else -1] for turn in range(6) for way in (deletes, updates)]
    answers = await asyncio.gather(*(sent(client, *order) for order in orders))
    assert [answer.status_code for answer in answers] == [200] * len(orders)


async def test_a_patch_takes_part(client: AsyncClient):
    patient = await created(client)
    replace = {
        "name": "operation",
        "part": [{"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Patient"}],
    }
    replace["part"] += [{"name": "name", "valueString": "generalPractitioner"}]
    replace["part"] += [{"name": "value", "valueReference": {"reference": HEART}}]
    response = await sent(
        client,
        entry("PATCH", f"Patient/{patient['id']}", {"resourceType": "Parameters", "parameter": [replace]}),
        entry("POST", "Practitioner", {"resourceType": "Practitioner"}, HEART),
    )
    assert response.status_code == 200, response.text
    patched, practitioner = (answer["resource"] for answer in response.json()["entry"])
    assert patched["generalPractitioner"][0]["reference"] == f"Practitioner/{practitioner['id']}"


async def test_a_patch_that_cannot_be_read_names_its_entry(client: AsyncClient):
    for data in ("!!!", "e30sew=="):
        wrapped = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
        response = await sent(client, entry("POST", "Patient", PATIENT), entry("PATCH", "Patient/x", wrapped))
        assert response.status_code == 400
        assert issue(response)["expression"][0].startswith("Bundle.entry[1].resource")


async def test_a_binary_keeps_its_bytes(client: AsyncClient):
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "Ym9uam91cg=="}
    response = await sent(client, entry("POST", "Binary", binary, HEART))
    stored = response.json()["entry"][0]["resource"]
    assert (await client.get(f"/Binary/{stored['id']}")).content == b"bonjour"


async def test_five_thousand_entries_are_one_transaction(client: AsyncClient):
    subject = observation(ANNE)
    entries = [entry("POST", "Patient", PATIENT, ANNE), *(entry("POST", "Observation", subject) for _ in range(4999))]
    response = await sent(client, *entries, Prefer="return=minimal")
    assert response.status_code == 200
    assert len(response.json()["entry"]) == 5000


async def test_more_entries_than_the_limit_are_413(client: AsyncClient):
    response = await sent(client, *[entry("GET", "Patient/x")] * 10_001)
    assert response.status_code == 413
    assert issue(response)["expression"] == ["Bundle.entry"]


async def test_bad_requests_name_their_entry(client: AsyncClient):
    for bad, place in (
        ({"resource": PATIENT}, "Bundle"),
        (entry("PSOT", "Patient", PATIENT), "Bundle.entry[0].request.method"),
        (entry("POST", "Patint", PATIENT), "Bundle.entry[0].request.url"),
        (entry("POST", "http://elsewhere.example/Patient", PATIENT), "Bundle.entry[0].request.url"),
        (entry("POST", "/", {"resourceType": "Bundle", "type": "batch"}), "Bundle.entry[0].request.url"),
        (entry("POST", "Patient"), "Bundle.entry[0]"),
        (entry("PUT", "Patient/a", {**PATIENT, "id": "b"}), "Bundle.entry[0].resource.id"),
        ("entry", "Bundle.entry"),
    ):
        response = await sent(client, bad)
        assert response.status_code in (400, 404), bad
        assert issue(response)["expression"][0].startswith(place), response.text


async def test_what_is_no_bundle_is_400(client: AsyncClient):
    for body in (PATIENT, {"resourceType": "Bundle", "type": "collection"}, {"resourceType": "Bundle"}):
        assert (await client.post("/", json=body, headers=FHIR_JSON)).status_code == 400


async def test_an_empty_transaction_is_answered_by_an_empty_one(client: AsyncClient):
    response = await client.post("/", json={"resourceType": "Bundle", "type": "transaction"}, headers=FHIR_JSON)
    assert (response.status_code, response.json()["type"]) == (200, "transaction-response")
