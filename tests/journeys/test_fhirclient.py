"""fhirclient (PyPI, the SMART one), a client that nobody here wrote, against a real server."""

import pytest
from fhirclient import client as smart
from fhirclient import server as smart_server
from fhirclient.models.bundle import Bundle
from fhirclient.models.encounter import Encounter
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient

from tests.live import LiveServer


@pytest.fixture(scope="module")
def connected(server: LiveServer) -> smart.FHIRClient:
    return smart.FHIRClient(settings={"app_id": "usager-test", "api_base": server.base})


def person(family: str, given: str = "Élise") -> Patient:
    """Return a Patient of the client's own model."""
    patient = Patient()
    patient.name = [HumanName({"family": family, "given": [given]})]
    return patient


def made(patient: Patient, connected: smart.FHIRClient) -> Patient:
    """Create the Patient and return it as the server has it."""
    answer = patient.create(connected.server)
    return Patient.read(answer["id"], connected.server)


def test_the_client_reads_our_capability_statement(connected: smart.FHIRClient) -> None:
    assert connected.prepare()
    statement = connected.server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    assert {"Patient", "DocumentReference"} <= {resource.type for resource in statement.rest[0].resource}


def test_a_resource_is_created_changed_and_deleted(connected: smart.FHIRClient) -> None:
    patient = made(person("Smart"), connected)
    patient.gender = "female"
    patient.update(connected.server)
    again = Patient.read(patient.id, connected.server)
    assert (again.gender, again.name[0].given, again.meta.versionId) == ("female", ["Élise"], "2")
    again.delete(connected.server)
    with pytest.raises(Exception, match="410"):
        Patient.read(patient.id, connected.server)


def test_an_unknown_resource_is_not_found(connected: smart.FHIRClient) -> None:
    with pytest.raises(smart_server.FHIRNotFoundException):
        Patient.read("nobody", connected.server)


def test_a_search_pages_through_all(connected: smart.FHIRClient) -> None:
    for number in range(7):
        person("Smartpage", f"n{number}").create(connected.server)
    search = Patient.where(struct={"family": "Smartpage", "_count": "3"})
    found = list(search.perform_resources_iter(connected.server))
    assert sorted(patient.name[0].given[0] for patient in found) == [f"n{number}" for number in range(7)]


def test_a_search_includes_what_is_referred_to(connected: smart.FHIRClient) -> None:
    patient = made(person("Smartinclude"), connected)
    encounter = Encounter({"status": "planned", "class": {"code": "AMB"}})
    encounter.subject = FHIRReference({"reference": f"Patient/{patient.id}"})
    encounter.create(connected.server)
    search = Encounter.where(struct={"subject:Patient.family": "Smartinclude"}).include("subject", Encounter)
    (found,) = search.perform_iter(connected.server)
    assert [entry.search.mode for entry in found.entry] == ["match", "include"]


def test_a_transaction_bundle_is_posted(connected: smart.FHIRClient) -> None:
    entry = {
        "resource": person("Smartbundle").as_json(),
        "request": {"method": "POST", "url": "Patient"},
    }
    bundle = Bundle({"type": "transaction", "entry": [entry]})
    answer = connected.server.post_json("", bundle.as_json())
    assert Bundle(answer.json()).entry[0].response.status.startswith("201")
