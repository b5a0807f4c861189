"""The public test persons as a front end types them, and what operations answer about them."""

from typing import Any

import httpx

from usager_server.identity.traits import Traits, with_traits

PROFILE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient"
ZOE = Traits("Adrun", "Zoé", "", "F", "1975-12-31", birth_place="63220", birth_place_label="Malintrat")
PASSPORT = {
    "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability",
    "extension": [
        {
            "url": "validationMode",
            "valueCoding": {
                "system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-mode-validation-identity",
                "code": "PA",
            },
        },
        {"url": "validationDate", "valueDate": "2026-11-02"},
    ],
}


def patient(traits: Traits = ZOE, **more: Any) -> dict[str, Any]:
    """Return a Patient with these traits."""
    made = with_traits({"resourceType": "Patient", "meta": {"profile": [PROFILE]}, "active": True}, traits)
    return {**made, **more}


async def stored(client: httpx.AsyncClient, resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource that the server has just made."""
    answer = await client.post(f"/fhir/{resource['resourceType']}", json=resource)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def done(client: httpx.AsyncClient, address: str, status: int = 200, **texts: Any) -> Any:
    """Call an operation with parameters that are texts, and return its answer."""
    given = [{"name": name, "valueString": value} for name, value in texts.items()]
    body = {"resourceType": "Parameters"} | ({"parameter": given} if given else {})
    answer = await client.post(f"/fhir/{address}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def value(parameters: dict[str, Any], name: str) -> Any:
    """Return the value of a parameter, None when it is not there."""
    found = (it for it in parameters["parameter"] if it["name"] == name)
    return next((next(v for k, v in it.items() if k.startswith("value")) for it in found), None)


def table(parameters: dict[str, Any]) -> dict[str, str]:
    """Return the verdict of each trait."""
    rows = [it["part"] for it in parameters["parameter"] if it["name"] == "comparison"]
    return {row[0]["valueCode"]: row[-1]["valueCode"] for row in rows}


def attempts(parameters: dict[str, Any]) -> list[tuple[str, bool, str]]:
    """Return what was asked, and what came of it."""
    rows = [it["part"] for it in parameters["parameter"] if it["name"] == "attempt"]
    return [(row[0]["valueString"], row[1]["valueBoolean"], row[2]["valueCode"]) for row in rows]
