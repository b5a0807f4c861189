"""May this be done for this person? As a room that calls a service asks it, for callers who see more or less."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from typing import Any

import httpx
import pytest

from tests.access.conftest import World
from tests.access.test_rights import episode
from tests.national.consent.test_deciding import consent
from tests.served import FHIR_JSON, make_client
from usager_server.access.grant import Grant
from usager_server.interactions.session import House, Operation, OperationRequest, Reply, Session
from usager_server.national.consent.asking import decide, require
from usager_server.national.consent.subjects import Subject
from usager_server.operations.break_glass import break_glass_operation
from usager_server.operations.definition import operation_definition
from usager_server.operations.parameters import given, parameters, part

NURSE = Grant.of("user/Patient.rs", structures=["house"], practitioner="Practitioner/nurse", roles=["professional"])
Ask = Callable[..., Awaitable[dict[str, Any]]]


async def ask_first(session: Session, request: OperationRequest) -> Reply:
    """Ask, as the room of a service does."""
    subject, about = Subject(str(given(request, "subject"))), given(request, "episode")
    asked = require if given(request, "firmly") else decide
    decision = await asked(session, request.resource_id or "", subject, about)
    told = {name: str(value) for name, value in asdict(decision).items()}
    return Reply(resource=parameters(*(part(name, valueString=value) for name, value in told.items() if value)))


DEFINITION = operation_definition("ask-first", "Asks.", levels=["instance"], resource=["Patient"])
OPERATIONS = {
    ("Patient", "ask-first"): Operation(DEFINITION, ask_first, needs={"": "r"}),
    ("Patient", "break-glass"): break_glass_operation,
}


@pytest.fixture
async def nurse(traced_house: House, tenant: int, two_houses: World) -> AsyncIterator[httpx.AsyncClient]:
    """A professional of the house where patient a is, who may read no Consent."""
    async with AsyncExitStack() as stack:
        house = replace(traced_house, operations=OPERATIONS)
        yield await stack.enter_async_context(make_client(house, tenant, NURSE))


async def asked(client: httpx.AsyncClient, subject: str, patient: str = "a", **more: str) -> httpx.Response:
    """Ask about a patient."""
    named = {"subject": subject, **more}
    body = {"resourceType": "Parameters", "parameter": [{"name": n, "valueString": v} for n, v in named.items()]}
    return await client.post(f"/Patient/{patient}/$ask-first", json=body, headers=FHIR_JSON)


async def told(client: httpx.AsyncClient, subject: str, **more: str) -> dict[str, str]:
    """Return the decision."""
    answer = await asked(client, subject, **more)
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["valueString"] for each in answer.json().get("parameter", [])}


async def recorded(world: World, decides: str, **more: Any) -> str:
    """Store a Consent of patient a; return its reference."""
    coding = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
    rest = {
        "scope": {"coding": [coding]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/a"},
        "policyRule": {"text": "Information de la personne"},
    }
    stored = await world.put({**consent(decides, **more), **rest, "id": decides.replace(" ", "-")})
    return f"Consent/{stored['id']}"


async def test_what_nobody_was_asked_about(nurse: httpx.AsyncClient):
    assert await told(nurse, "dmp-feeding") == {
        "is_allowed": "True", "because": "nothing-said", "mode": "normal", "is_secret": "False"
    }  # fmt: skip
    refused = await asked(nurse, "dmp-consultation", firmly="yes")
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "suppressed")
    assert "record a Consent" in refused.json()["issue"][0]["diagnostics"]


async def test_a_refusal_that_the_caller_may_not_see_holds_them(nurse: httpx.AsyncClient, two_houses: World):
    reference = await recorded(two_houses, "deny dmp-feeding")
    assert (await nurse.get(f"/{reference}")).status_code == 403
    decision = await told(nurse, "dmp-feeding")
    assert (decision["is_allowed"], decision["because"], decision["consent"]) == ("False", "refusal", reference)
    assert (await asked(nurse, "dmp-feeding", firmly="yes")).status_code == 403


async def test_an_accord_opens_the_consultation_and_can_be_taken_back(nurse: httpx.AsyncClient, two_houses: World):
    await recorded(two_houses, "permit dmp-consultation")
    assert (await told(nurse, "dmp-consultation"))["because"] == "accord"
    await recorded(two_houses, "permit dmp-consultation", status="inactive")
    assert (await told(nurse, "dmp-consultation"))["is_allowed"] == "False"


async def test_the_record_of_another_structure_is_not_there(nurse: httpx.AsyncClient):
    assert (await asked(nurse, "dmp-feeding", "b")).status_code == 404


async def test_the_only_active_episode_is_the_one_that_is_meant(nurse: httpx.AsyncClient, two_houses: World):
    await two_houses.put(episode("stay", "a", "house"))
    await two_houses.put(episode("theirs", "b", "other"))
    await recorded(two_houses, "permit dmp-consultation", episode="stay")
    assert (await told(nurse, "dmp-consultation"))["is_allowed"] == "True"
    await two_houses.put(episode("second", "a", "house"))
    assert (await told(nurse, "dmp-consultation"))["is_allowed"] == "False"
    assert (await told(nurse, "dmp-consultation", episode="stay"))["is_allowed"] == "True"
    assert (await asked(nurse, "dmp-consultation", episode="theirs")).status_code == 400


async def test_an_emergency_opens_the_consultation_unless_it_was_forbidden(nurse: httpx.AsyncClient, two_houses: World):
    reason = {"name": "reason", "valueString": "Malaise, personne inconsciente"}
    body = {"resourceType": "Parameters", "parameter": [reason]}
    assert (await nurse.post("/Patient/a/$break-glass", json=body, headers=FHIR_JSON)).status_code == 200
    decision = await told(nurse, "dmp-consultation")
    assert (decision["is_allowed"], decision["because"], decision["mode"]) == ("True", "emergency", "bris-de-glace")
    await recorded(two_houses, "deny dmp-emergency")
    assert (await told(nurse, "dmp-consultation"))["is_allowed"] == "False"


async def test_what_a_minor_keeps_from_their_parents_is_hidden_and_not_written_to_them(
    nurse: httpx.AsyncClient, two_houses: World
):
    organization = {"reference": "Organization/house"}
    young = {"resourceType": "Patient", "id": "a", "managingOrganization": organization, "birthDate": "2015-01-01"}
    await two_houses.put(young)
    assert (await told(nurse, "mss-person"))["is_secret"] == "False"
    await recorded(two_houses, "deny representatives")
    assert (await told(nurse, "mss-person"))["because"] == "secret-of-minor"
    feeding = await told(nurse, "dmp-feeding")
    assert (feeding["is_allowed"], feeding["is_secret"]) == ("True", "True")
    await two_houses.put({**young, "birthDate": "1990-01-01"})
    assert (await told(nurse, "mss-person"))["is_allowed"] == "True"
