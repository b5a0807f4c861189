"""Who may receive what, and the Patient that leaves."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.identity.people import MATRICULE, NOW, OLD, after, migrated, of_status, retrieved
from tests.served import created, make_client, make_house
from usager_server.identity import events, words
from usager_server.identity.diffusion import Channel, citizen_address, diffusion, leaving
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import NIA, NIR, Matricule, identifier_of, identifiers_of
from usager_server.identity.parts import extension_of
from usager_server.identity.status import Status
from usager_server.operations.diffusion import tell_diffusion_operation
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator

P, R, V, Q = Status.provisoire, Status.recuperee, Status.validee, Status.qualifiee
LOCAL = {"system": "urn:local", "value": "R1"}
NSS = {
    "use": "official",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NH"}]},
    "system": f"urn:oid:{NIR}",
    "value": MATRICULE.value,
}


@pytest.mark.requirement("INS/va1.44", "INS/va1.46", "INS/va1.52", "P-INS-14")
@pytest.mark.parametrize("status", [P, R, V])
def test_the_dmp_and_the_person_want_a_qualified_identity_professionals_do_not(status):
    found = {channel: diffusion(of_status(status), channel) for channel in Channel}
    assert {channel for channel, each in found.items() if not each.is_allowed} == {
        Channel.dmp,
        Channel.mssante_citizen,
    }
    assert not any(each.with_ins for each in found.values())
    assert "Qualifier l'INS" in found[Channel.dmp].because


@pytest.mark.requirement("INS/va1.44", "INS/va1.46")
@pytest.mark.parametrize("channel", list(Channel))
def test_a_qualified_identity_leaves_with_its_ins(channel):
    found = diffusion(of_status(Q), channel)
    assert (found.is_allowed, found.with_ins, found.because) == (True, True, "")


@pytest.mark.requirement("INS/va1.52", "P-INS-16")
def test_before_admission_a_person_may_be_written_to_where_it_is_chosen():
    assert diffusion(of_status(R), Channel.mssante_citizen, citizens_unqualified=True).is_allowed
    assert not diffusion(of_status(P), Channel.mssante_citizen, citizens_unqualified=True).is_allowed
    assert citizen_address(of_status(R)) == f"{MATRICULE.value}@patient.mssante.fr"
    assert citizen_address(of_status(P)) is None


@pytest.mark.requirement("INS/va1.54")
@pytest.mark.parametrize("channel", [each for each in Channel if each is not Channel.document])
def test_a_fictive_identity_leaves_by_no_channel(channel):
    found = diffusion(of_status(P, Attribute.fictive), channel)
    assert (found.is_allowed, "fictive" in found.because) == (False, True)


@pytest.mark.requirement("INS/va1.47", "INS/va1.48", "INS/va1.50", "P-INS-15")
@pytest.mark.parametrize(("status", "left"), [(P, []), (R, []), (V, []), (Q, [MATRICULE.value])])
def test_a_matricule_leaves_with_a_qualified_identity_only(status, left):
    patient = of_status(status)
    patient["identifier"] = [*patient.get("identifier", ()), LOCAL]
    made = leaving(patient)
    assert [each["value"] for each in identifiers_of(made)] == left
    assert LOCAL in made["identifier"]


@pytest.mark.requirement("INS/va1.51")
def test_what_was_received_and_where_an_ins_comes_from_never_leave():
    received = identifier_of(OLD, "temp")
    patient = of_status(Q)
    made = leaving({**patient, "identifier": [*patient["identifier"], received]})
    assert received not in made["identifier"]
    assert extension_of(made, words.EVIDENCE) is None


def test_old_matricules_leave_with_a_qualified_identity_only():
    requalified = after(of_status(Q), retrieved(matricule=OLD))
    assert [each["use"] for each in identifiers_of(leaving(requalified))] == ["official", "old"]
    doubtful = after(of_status(Q), events.Ticked(Attribute.douteuse, NOW))
    assert identifiers_of(leaving(doubtful)) == []


def test_a_nia_in_force_leaves_and_one_received_does_not():
    nia = Matricule("109076322088835", NIA)
    in_force = after(of_status(V), retrieved(matricule=nia))
    assert [each["value"] for each in identifiers_of(leaving(in_force))] == [nia.value]
    received = after(of_status(V), events.MatriculeReceived(nia.value, nia.oid, retrieved().traits, NOW))
    assert identifiers_of(leaving(received)) == []


@pytest.mark.requirement("INS/va1.56")
def test_the_number_of_social_security_leaves_under_its_own_oid():
    made = leaving({**of_status(P), "identifier": [NSS]})
    assert [(each["use"], each["system"]) for each in made["identifier"]] == [
        ("secondary", "urn:oid:1.2.250.1.213.1.4.13")
    ]


@pytest.mark.parametrize(("code", "left"), [("QUAL", 1), ("VALI", 0), ("RECUP", 0), ("PROV", 0), (None, 1)])
def test_a_patient_from_elsewhere_is_taken_at_its_word(code, left):
    said = {"url": "identityStatus", "valueCoding": {"system": words.STATUSES, "code": code}}
    patient = {"resourceType": "Patient", "identifier": [identifier_of(MATRICULE, "official")]}
    if code:
        patient["extension"] = [{"url": words.RELIABILITY, "extension": [said]}]
    assert len(identifiers_of(leaving(patient))) == left


@pytest.fixture
async def telling(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A front end that asks by which channels an identity may leave."""
    house = make_house(
        shared_store, search_registry, fr_core, [tell_diffusion_operation], identity_migrator="anonymous"
    )
    async with make_client(house, tenant) as client:
        yield client


@pytest.mark.requirement("INS/va1.44")
@pytest.mark.parametrize(("status", "allowed"), [(R, False), (Q, True)])
async def test_a_front_end_asks_by_which_channels_an_identity_may_leave(telling, status, allowed):
    patient = await created(telling, migrated(status))
    told = (await telling.get(f"/Patient/{patient['id']}/$diffusion")).json()["parameter"]
    channels = [{each["name"]: each for each in part["part"]} for part in told if part["name"] == "diffusion"]
    assert [each["channel"]["valueCode"] for each in channels] == [str(each) for each in Channel]
    assert channels[0]["allowed"]["valueBoolean"] is allowed
    assert ("citizen-address" in {part["name"] for part in told}) is allowed


async def test_nobody_is_told_of_who_is_not_there(telling):
    assert (await telling.get("/Patient/nobody/$diffusion")).status_code == 404
