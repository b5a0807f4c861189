"""A Binary follows what it belongs to: its securityContext, or the documents that carry its address."""

from base64 import b64encode
from typing import Any

import pytest

from tests.access.conftest import World
from tests.access.test_writes import asked, send
from tests.served import FHIR_JSON


def binary(name: str, **more: Any) -> dict[str, Any]:
    """Return a Binary under an id of ours."""
    return {"resourceType": "Binary", "id": name, "contentType": "text/plain", "data": b64encode(b"x").decode(), **more}


def document(patient: str, url: str, name: str = "d") -> dict[str, Any]:
    """Return a document of a patient whose bytes are at an address."""
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": {"contentType": "text/plain", "url": url}}],
    }


SCOPES = ("patient/*.cruds", "user/*.cruds")


@pytest.fixture
async def filed(world: World) -> World:
    """A Binary for each patient by securityContext and by a document; and one that belongs to nothing."""
    await world.put({"resourceType": "Patient", "id": "b", "managingOrganization": {"reference": "Organization/other"}})
    for patient in ("a", "b"):
        await world.put(binary(f"{patient}-context", securityContext={"reference": f"Patient/{patient}"}))
        await world.put(binary(f"{patient}-carried"))
        await world.put(document(patient, f"Binary/{patient}-carried", f"{patient}-document"))
    await world.put(binary("loose"))
    return world


@pytest.mark.parametrize("scopes", SCOPES)
async def test_a_binary_is_read_with_what_it_belongs_to(filed: World, scopes: str):
    client = filed.of(scopes, structures=["house"])
    for name in ("a-context", "a-carried"):
        assert (await client.get(f"/Binary/{name}")).status_code == 200
        assert (await client.get(f"/Binary/{name}", headers={"Accept": "text/plain"})).content == b"x"
    for name in ("b-context", "b-carried", "loose", "nothing"):
        assert (await client.get(f"/Binary/{name}")).status_code == 404


async def test_a_binary_needs_the_scope_of_what_it_belongs_to(filed: World):
    client = filed.of("patient/Binary.r patient/Observation.rs")
    for name in ("a-context", "a-carried"):
        assert (await client.get(f"/Binary/{name}")).status_code == 404


@pytest.mark.parametrize("scopes", SCOPES)
async def test_nobody_reaches_a_binary_by_naming_it(filed: World, scopes: str):
    client = filed.of(scopes, structures=["house"])
    for name in ("b-carried", "loose", "nothing"):
        answer = await client.put("/DocumentReference/d", json=document("a", f"Binary/{name}"), headers=FHIR_JSON)
        assert answer.status_code == 403
        assert (await client.get(f"/Binary/{name}")).status_code == 404


@pytest.mark.parametrize("scopes", SCOPES)
async def test_a_document_and_its_bytes_are_filed_together(filed: World, scopes: str):
    client = filed.of(scopes, structures=["house"])
    new = binary("x")
    new.pop("id")
    answer = await send(
        client,
        "transaction",
        {"fullUrl": "urn:uuid:1", **asked("POST", "Binary", new)},
        asked("POST", "DocumentReference", document("a", "urn:uuid:1")),
    )
    assert answer.status_code == 200, answer.text
    address = answer.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    assert (await client.get(f"/{address}")).status_code == 200


async def test_bytes_that_belong_to_nothing_are_not_filed(filed: World):
    client = filed.of("patient/*.cruds")
    assert (await client.post("/Binary", json=binary("x"), headers=FHIR_JSON)).status_code == 403
    mine = binary("x", securityContext={"reference": "Patient/a"})
    assert (await client.post("/Binary", json=mine, headers=FHIR_JSON)).status_code == 201
    theirs = binary("x", securityContext={"reference": "Patient/b"})
    assert (await client.post("/Binary", json=theirs, headers=FHIR_JSON)).status_code == 403


async def test_a_binary_is_found_by_no_search(filed: World):
    answer = await filed.of("patient/*.rs").get("/Binary?_total=accurate")
    assert answer.json()["total"] == 0
