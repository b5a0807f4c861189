"""A record to prefill documents from: the resources of an example, stored without its Composition."""

import json
from typing import Any

import httpx

from tests.cda.documents import EXAMPLES
from tests.identity.people import brought_in
from tests.served import FHIR_JSON
from usager_server.identity.matricule import as_received

FINDING = "https://usager.example/fhir/StructureDefinition/prefill-finding"
Tree = dict[str, Any]


async def recorded(
    client: httpx.AsyncClient, name: str = "synthese-medicale", *, still: bool = True, qualified: bool = True
) -> dict[str, str]:
    """Store the resources of an example; return their references by the last word of their fullUrl.

    Shape   still: the stay goes on, as when a document is being written. qualified: the identity of the person is.
    """
    entries = [e for e in example(name)["entry"] if e["resource"]["resourceType"] != "Composition"]
    for entry in entries:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"] = (brought_in if qualified else as_received)(entry["resource"])
        if still and entry["resource"]["resourceType"] == "Encounter":
            entry["resource"]["status"] = "in-progress"
            entry["resource"]["period"].pop("end", None)
    posted = [{**e, "request": {"method": "POST", "url": e["resource"]["resourceType"]}} for e in entries]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": posted}
    response = await client.post("/", json=bundle, headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    places = [each["response"]["location"].split("/_history")[0] for each in response.json()["entry"]]
    names = [entry["fullUrl"].rpartition(":")[2] for entry in entries]
    found = dict(zip(names, places, strict=True))
    return found | {place.partition("/")[0]: place for place in places if place.partition("/")[0] in HEADER}


HEADER = ("Patient", "Organization", "Practitioner", "PractitionerRole", "Encounter")


def example(name: str) -> Tree:
    """Return an example of the documentation."""
    found: Tree = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return found


async def prefilled(client: httpx.AsyncClient, patient: str, **parameters: str) -> Tree:
    """Return the transaction that $prefill answers with."""
    response = await client.get(f"/{patient}/$prefill", params=parameters)
    assert response.status_code == 200, response.text
    found: Tree = response.json()
    return found


def composition_in(bundle: Tree) -> Tree:
    """Return the Composition, which comes first."""
    found: Tree = bundle["entry"][0]["resource"]
    assert found["resourceType"] == "Composition"
    return found


def sections_in(composition: Tree) -> dict[str, Tree]:
    """Return the sections, those inside others too, by code; by title when they have none."""
    found: dict[str, Tree] = {}
    waiting = list(composition.get("section", ()))
    while waiting:
        section = waiting.pop(0)
        waiting += section.get("section", ())
        coding = (section.get("code") or {}).get("coding") or [{}]
        found[coding[0].get("code") or section["title"]] = section
    return found


def listed_in(composition: Tree, code: str) -> list[str]:
    """Return what a section lists."""
    return [each["reference"] for each in sections_in(composition)[code].get("entry", ())]


def remarks_in(bundle: Tree) -> list[tuple[str, str, str]]:
    """Return the remarks: severity, message, expression."""
    found = []
    for extension in bundle["entry"][0].get("extension", ()):
        assert extension["url"] == FINDING
        told = {each["url"]: next(v for k, v in each.items() if k != "url") for each in extension["extension"]}
        found.append((told["severity"], told["message"], told.get("expression", "")))
    return found


async def stored(client: httpx.AsyncClient, bundle: Tree) -> Tree:
    """Store a prefilled document, and return its Composition."""
    response = await client.post("/", json=bundle, headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    place = response.json()["entry"][0]["response"]["location"].split("/_history")[0]
    found: Tree = (await client.get(f"/{place}")).json()
    return found
