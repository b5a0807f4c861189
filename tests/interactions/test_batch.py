"""batch: entries that know nothing of each other."""

from httpx import AsyncClient

from tests.interactions.test_transaction import entry, sent
from tests.served import FHIR_JSON, PATIENT, created


async def test_each_entry_has_its_own_outcome(client: AsyncClient):
    patient = await created(client)
    response = await sent(
        client,
        entry("POST", "Patient", PATIENT),
        entry("GET", "Patient/nobody"),
        entry("POST", "Patient", {"resourceType": "Patient", "name": "x"}),
        entry("GET", f"Patient/{patient['id']}"),
        entry("GET", f"Patient/{patient['id']}", ifNoneMatch='W/"1"'),
        kind="batch",
    )
    assert response.status_code == 200
    answers = response.json()["entry"]
    assert response.json()["type"] == "batch-response"
    assert [answer["response"]["status"][:3] for answer in answers] == ["201", "404", "400", "200", "304"]
    assert answers[1]["response"]["outcome"]["issue"][0]["code"] == "not-found"
    assert answers[2]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[2].resource.name"]
    assert answers[3]["resource"] == patient


async def test_a_failure_leaves_the_others_done(client: AsyncClient):
    await sent(
        client,
        entry("PUT", "Patient/a", {**PATIENT, "id": "a"}),
        entry("PUT", "Patient/b", {**PATIENT, "id": "c"}),
        entry("DELETE", "Patient/a"),
        kind="batch",
    )
    assert (await client.get("/Patient/a")).status_code == 410


async def test_a_batch_in_a_batch_is_refused(client: AsyncClient):
    inner = {"resourceType": "Bundle", "type": "batch"}
    response = await sent(client, entry("POST", "/", inner), entry("GET", "metadata"), kind="batch")
    refused, metadata = response.json()["entry"]
    assert refused["response"]["status"].startswith("400")
    assert metadata["resource"]["resourceType"] == "CapabilityStatement"


async def test_raw_bytes_are_the_resource_in_a_batch(client: AsyncClient):
    made = await client.post("/Binary", content=b"x", headers={"Content-Type": "text/plain"})
    response = await sent(client, entry("GET", f"Binary/{made.json()['id']}"), kind="batch")
    assert response.json()["entry"][0]["resource"]["data"] == "eA=="


async def test_text_that_looks_like_json_stays_text_wherever_it_is_written(client: AsyncClient):
    text = '"}}],"x":{"y":[{"z":"\\u2028</script>'
    patient = {"resourceType": "Patient", "name": [{"text": text}]}
    made = (await client.post("/Patient", json=patient, headers=FHIR_JSON)).json()
    get = {"request": {"method": "GET", "url": f"Patient/{made['id']}"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [get]}
    answers = [
        made,
        (await client.get(f"/Patient/{made['id']}")).json(),
        (await client.get(f"/Patient/{made['id']}", params={"_elements": "name"})).json(),
        (await client.get("/Patient", params={"_id": made["id"]})).json()["entry"][0]["resource"],
        (await client.get(f"/Patient/{made['id']}/_history")).json()["entry"][0]["resource"],
        (await client.post("/", json=bundle, headers=FHIR_JSON)).json()["entry"][0]["resource"],
    ]
    assert [answer["name"] for answer in answers] == [[{"text": text}]] * len(answers)
