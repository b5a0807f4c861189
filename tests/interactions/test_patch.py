"""patch through HTTP: JSON Patch and FHIRPath Patch."""

import asyncio
import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.served import created, issue


async def json_patched(client: AsyncClient, identifier: str, *operations: dict[str, Any], **headers: str) -> Response:
    """Return the answer to a JSON Patch."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.patch(
        f"/Patient/{identifier}",
        content=json.dumps(operations),
        headers={"Content-Type": "application/json-patch+json", **more},
    )


def operation(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    """Return one operation of a FHIRPath Patch; parts are name=..., index=..., or a value[x]."""
    made: list[dict[str, Any]] = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    for name, value in parts.items():
        if name.startswith("value"):
            made.append({"name": "value", name: value})
        else:
            made.append({"name": name, ("valueString" if isinstance(value, str) else "valueInteger"): value})
    return {"name": "operation", "part": made}


async def fhirpath_patched(client: AsyncClient, identifier: str, *operations: dict[str, Any]) -> Response:
    """Return the answer to a FHIRPath Patch."""
    return await client.patch(
        f"/Patient/{identifier}",
        json={"resourceType": "Parameters", "parameter": list(operations)},
        headers={"Content-Type": "application/fhir+json"},
    )


async def test_a_json_patch_makes_a_version(client: AsyncClient):
    patient = await created(client)
    response = await json_patched(client, patient["id"], {"op": "add", "path": "/active", "value": True})
    assert response.status_code == 200
    assert response.json()["active"] is True
    assert response.json()["meta"]["versionId"] == "2"


async def test_patches_at_once_are_all_kept(client: AsyncClient):
    patient = await created(client)
    patches = [{"op": "add", "path": "/name/0/given/-", "value": f"g{number}"} for number in range(30)]
    await json_patched(client, patient["id"], {"op": "add", "path": "/name/0/given", "value": ["Anne"]})
    answers = await asyncio.gather(*(json_patched(client, patient["id"], one) for one in patches))
    assert {answer.status_code for answer in answers} == {200}
    assert len((await client.get(f"/Patient/{patient['id']}")).json()["name"][0]["given"]) == 31


async def test_a_patch_that_leaves_an_invalid_resource_is_refused(client: AsyncClient):
    patient = await created(client)
    response = await json_patched(client, patient["id"], {"op": "add", "path": "/activ", "value": True})
    assert response.status_code == 400
    assert (await client.get(f"/Patient/{patient['id']}")).json() == patient


async def test_a_patch_cannot_change_id_type_or_version(client: AsyncClient):
    patient = await created(client)
    for path, value in (("/id", "x"), ("/resourceType", "Person"), ("/meta/versionId", "9")):
        response = await json_patched(client, patient["id"], {"op": "replace", "path": path, "value": value})
        assert response.status_code == 400, path


async def test_a_patch_of_another_version_is_412(client: AsyncClient):
    patient = await created(client)
    step = {"op": "add", "path": "/active", "value": True}
    assert (await json_patched(client, patient["id"], step, If_Match='W/"3"')).status_code == 412
    assert (await json_patched(client, patient["id"], step, If_Match='W/"1"')).status_code == 200


async def test_a_patch_of_nothing_is_404_and_of_a_deleted_one_410(client: AsyncClient):
    step = {"op": "add", "path": "/active", "value": True}
    assert (await json_patched(client, "nobody", step)).status_code == 404
    patient = await created(client)
    await client.delete(f"/Patient/{patient['id']}")
    assert (await json_patched(client, patient["id"], step)).status_code == 410


async def test_an_xml_patch_is_415(client: AsyncClient):
    patient = await created(client)
    response = await client.patch(
        f"/Patient/{patient['id']}", content=b"<diff/>", headers={"Content-Type": "application/xml-patch+xml"}
    )
    assert response.status_code == 415


async def test_fhirpath_operations_follow_each_other(client: AsyncClient):
    patient = await created(client)
    response = await fhirpath_patched(
        client,
        patient["id"],
        operation("add", "Patient", name="gender", valueCode="female"),
        operation("add", "Patient.name[0]", name="given", valueString="Anne"),
        operation("insert", "Patient.name[0].given", index=0, valueString="Marie"),
        operation("replace", "Patient.birthDate", valueDate="1951-01-01"),
        operation("move", "Patient.name[0].given", source=0, destination=1),
        operation("delete", "Patient.name[0].family"),
    )
    assert response.status_code == 200, response.text
    assert response.json()["name"] == [{"given": ["Anne", "Marie"]}]
    assert (response.json()["gender"], response.json()["birthDate"]) == ("female", "1951-01-01")


async def test_a_fhirpath_patch_adds_a_choice_and_a_backbone_element(client: AsyncClient):
    patient = await created(client)
    contact = operation("add", "Patient", name="contact")
    name = {"name": "name", "valueHumanName": {"text": "Anne Durand"}}
    contact["part"].append({"name": "value", "part": [name, {"name": "gender", "valueCode": "female"}]})
    deceased = operation("add", "Patient", name="deceased", valueBoolean=False)
    response = await fhirpath_patched(client, patient["id"], contact, deceased)
    assert response.status_code == 200, response.text
    assert response.json()["contact"] == [{"name": {"text": "Anne Durand"}, "gender": "female"}]
    assert response.json()["deceasedBoolean"] is False


async def test_a_path_that_names_nothing_is_422_and_a_broken_one_400(client: AsyncClient):
    patient = await created(client)
    nothing = operation("replace", "Patient.contact[0].gender", valueCode="male")
    assert (await fhirpath_patched(client, patient["id"], nothing)).status_code == 422
    response = await fhirpath_patched(client, patient["id"], operation("delete", "Patient..name"))
    assert response.status_code == 400
    assert "expression" in issue(response)


async def test_an_object_is_no_json_patch(client: AsyncClient):
    patient = await created(client)
    response = await client.patch(
        f"/Patient/{patient['id']}",
        json={"resourceType": "Parameters"},
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert response.status_code == 400


async def test_many_costly_paths_are_refused_together(client: AsyncClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("usager_server.interactions.fhirpath_patch.PATCH_PATHS_SECONDS", 0.05)
    patient = await created(client)
    path = "Patient.where(" + " or ".join(["descendants().descendants().count() < 0"] * 40) + ")"
    response = await fhirpath_patched(client, patient["id"], *[operation("delete", path)] * 200)
    assert response.status_code == 403
    assert issue(response)["code"] == "too-costly"


async def test_plain_members_are_merged(client: AsyncClient):
    patient = await created(client)
    response = await client.patch(f"/Patient/{patient['id']}", json={"active": True, "birthDate": None})
    assert response.status_code == 200, response.text
    assert response.json()["active"] is True
    assert "birthDate" not in response.json()
    assert response.json()["name"] == patient["name"]
