"""`usager worker` verifies identities: each once, nothing lost, nothing overwritten."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import copied_database, drop_database
from tests.logged import logged
from tests.national.insi.people import ZOE, done, patient, stored, value
from tests.whole import running_app
from usager_server.identity.evidence import evidence_of
from usager_server.identity.matricule import matricule_of
from usager_server.identity.status import status_of
from usager_server.identity.traits import Traits
from usager_server.jobs.verifying_identities import VerifyingIdentities
from usager_server.jobs.workplace import Workplace
from usager_server.national.insi.verifying import gauge, in_lots
from usager_server.repository.connections import Connections
from usager_server.settings import Settings

pytestmark = pytest.mark.requirement("SC.INS.13", "P-INS-12")

VERIFY = "verifierInsAvecTraitsIdentite"
SEARCH = "rechercherInsAvecTraitsIdentite"
TWIN = {"birth_name": "JUMELLE", "given_names": "ANNE", "sex": "F", "birth_date": "1975-12-31"}
MANY = 2
SLAVE = {"profiles": "esclave-identite", "identity_master": "gam"}
TABLES = (
    "insi_watch", "insi_lot", "insi_sweep", "resource", "history",
    "index_token", "index_reference", "index_string", "index_date", "index_number",
)  # fmt: skip
NESSI = Traits("Nessi", "Michelangelo", "", "M", "2010-08-07")
ANNE = Traits("Jumelle", "Anne", "", "F", "1975-12-31")


class Place:
    """A server and a worker on one database."""

    def __init__(
        self, client: httpx.AsyncClient, owner: asyncpg.Connection, workplace: Workplace, job: VerifyingIdentities
    ) -> None:
        self.client = client
        self.owner = owner
        self._workplace = workplace
        self._job = job

    async def round(self) -> int:
        """Do a round."""
        return await self._job.verify(self._workplace)

    async def accepted(self, traits: Traits = ZOE) -> dict[str, Any]:
        """Return a Patient whose INS came from INSi."""
        made = await stored(self.client, patient(traits))
        found = await done(self.client, f"Patient/{made['id']}/$ins-search")
        accepted: dict[str, Any] = await done(
            self.client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer")
        )
        return accepted

    async def overdue(self) -> None:
        """Let four years pass for everybody who is watched."""
        await self.round()
        await self.owner.execute("UPDATE insi_watch SET due = now() - interval '1 minute'")

    async def now(self, made: dict[str, Any]) -> dict[str, Any]:
        """Return a Patient as it is now."""
        found: dict[str, Any] = (await self.client.get(f"/fhir/Patient/{made['id']}")).json()
        return found

    async def tasks(self, made: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the Tasks about a Patient."""
        found = (await self.client.get(f"/fhir/Task?patient=Patient/{made['id']}")).json()
        return [it["resource"] for it in found.get("entry", ())]

    async def told(self, on: str = "") -> dict[str, Any]:
        """Return how far the verification is."""
        answer = await self.client.get("/fhir/$ins-verifications", params={"on": on} if on else {})
        return {name: value(answer.json(), name) for name in ("due", "later", "asked", "unanswered", "inLot")}

    async def refused_lots(self) -> list[dict[str, Any]]:
        """Return what is told of the lots that INSi refused."""
        answer = (await self.client.get("/fhir/$ins-verifications")).json()
        lots = [it for it in answer["parameter"] if it["name"] == "refusedLot"]
        return [{name: _of(lot, name) for name in ("people", "refusals", "code")} for lot in lots]


def _of(lot: dict[str, Any], name: str) -> Any:
    return next(it.get("valueInteger", it.get("valueString")) for it in lot["part"] if it["name"] == name)


@dataclass(frozen=True, slots=True)
class Served:
    """What all these tests share: a server, and a workplace for each of two settings."""

    client: httpx.AsyncClient
    owner: asyncpg.Connection
    workplaces: dict[int, Workplace]
    jobs: dict[int, VerifyingIdentities]


@pytest.fixture(scope="module")
async def served(postgres, insi_sandbox, tmp_path_factory) -> AsyncIterator[Served]:
    """A server on a database of its own."""
    database = await copied_database(postgres)
    folder = tmp_path_factory.mktemp("insi")
    settings = {**insi_sandbox.settings, "data_dir": folder, "audit": "on"}
    connections, owner = Connections(database.url, size=6), await asyncpg.connect(database.superuser_url)
    workplaces = {it: Workplace(Settings(**settings, insi_batch_from=it), connections) for it in (MANY, 200)}
    async with running_app(database.url, **settings) as client:
        yield Served(client, owner, workplaces, {it: VerifyingIdentities() for it in workplaces})
    await connections.close()
    await owner.close()
    await drop_database(database)


@pytest.fixture
async def place(served: Served, insi, request) -> Place:
    """A place where nobody is; a lot is made from so many people as a parameter says."""
    batch = getattr(request, "param", 200)
    await served.owner.execute(f"TRUNCATE {', '.join(TABLES)}")
    return Place(served.client, served.owner, served.workplaces[batch], served.jobs[batch])


async def test_an_identity_is_verified_once_when_four_years_have_passed(place, asked):
    made = await place.accepted()
    assert await place.round() == 0
    assert await place.told() == {"due": 0, "later": 1, "asked": 0, "unanswered": 0, "inLot": 0}
    assert (await place.told("2031-01-01"))["due"] == 1
    await place.overdue()
    assert await place.round() == 1
    assert await place.round() == 0
    assert await asked.counts(VERIFY) == {"275126322074974": 1}
    after = await place.now(made)
    assert evidence_of(after).sourced.verified > evidence_of(made).sourced.verified
    assert (status_of(after), await place.tasks(made)) == (status_of(made), [])
    events = (await place.client.get(f"/fhir/AuditEvent?patient=Patient/{made['id']}&_count=50")).text
    assert "usager-worker" in events and VERIFY in events


async def test_a_nia_is_verified_at_each_new_event_and_a_nir_is_not(place, asked):
    provisional = await place.accepted(Traits("Provisoire", "Matricule", "", "M", "2009-07-01"))
    other = await place.accepted()
    assert await place.round() == 0
    for each in (provisional, other):
        await stored(place.client, _encounter(each))
    assert await place.round() == 1
    assert await place.round() == 0
    assert await asked.counts(VERIFY) == {"109076322088835": 1}


def _encounter(made):
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    subject = {"reference": f"Patient/{made['id']}"}
    return {"resourceType": "Encounter", "status": "in-progress", "class": kind, "subject": subject}


async def test_other_traits_are_told_and_overwrite_nothing(place, insi):
    await insi.seed({"persons": [{**TWIN, "birth_place": "63220", "number": "275126322012334"}]})
    made = await place.accepted(ANNE)
    await place.overdue()
    await insi.reset()
    await insi.seed({"persons": [{**TWIN, "birth_place": "13055", "number": "275121305512345"}]})
    assert await place.round() == 1
    after = await place.now(made)
    assert matricule_of(after) == matricule_of(made)
    assert evidence_of(after).sourced.differs
    (task,) = await place.tasks(made)
    assert task["businessStatus"]["coding"][0]["code"] == "differs"
    answer = task["input"][0]["valueString"]
    accepted = await done(place.client, f"Patient/{made['id']}/$ins-accept", answer=answer)
    assert matricule_of(accepted).value == "275121305512345"
    assert await place.round() == 0


async def test_an_identity_that_insi_lost_loses_its_ins_and_is_told(place, insi):
    await insi.seed({"persons": [{**TWIN, "birth_place": "63220", "number": "275126322012334"}]})
    made = await place.accepted(ANNE)
    await place.overdue()
    await insi.reset()
    await place.round()
    after = await place.now(made)
    assert (status_of(after).name, matricule_of(after)) == ("provisoire", None)
    assert [it["businessStatus"]["coding"][0]["code"] for it in await place.tasks(made)] == ["dropped"]
    assert (await place.told())["later"] == 0


async def test_a_lost_answer_is_told_and_not_asked_for_again(place, insi, asked):
    made = await place.accepted()
    await place.overdue()
    await insi.fault("drop")
    await place.round()
    for _ in range(3):
        await place.round()
    assert await asked.counts(VERIFY) == {"275126322074974": 1}
    assert (await place.told())["unanswered"] == 1
    assert [it["businessStatus"]["coding"][0]["code"] for it in await place.tasks(made)] == ["unanswered"]
    assert value(await done(place.client, f"Patient/{made['id']}/$ins-verify"), "verified") is True
    (task,) = await place.tasks(made)
    assert (task["status"], task["meta"]["versionId"]) == ("completed", "2")
    await place.round()
    assert await place.told() == {"due": 0, "later": 1, "asked": 0, "unanswered": 0, "inLot": 0}


async def test_a_call_that_did_not_reach_insi_is_made_later(place, insi, asked):
    await place.accepted()
    await place.overdue()
    await insi.fault("status", status=503)
    assert await place.round() == 0
    assert await asked.counts(VERIFY) == {}
    assert (await place.told())["due"] == 1
    assert await place.round() == 1


async def test_a_fault_ends_the_round_and_loses_nobody(place, insi, asked):
    await place.accepted()
    await place.accepted(NESSI)
    await place.overdue()
    await insi.seed({"fault": {"siram": "siram_110", "desir": "desir_560"}})
    await place.round()
    assert (await place.told())["due"] == 2
    await insi.reset()
    assert await place.round() == 2


async def test_a_person_whom_insi_refuses_to_speak_of_holds_up_nobody(place, insi, asked):
    refused = await place.accepted()
    await place.accepted(NESSI)
    await place.overdue()
    await place.owner.execute("UPDATE insi_watch SET due = due - interval '1 hour' WHERE patient = $1", refused["id"])
    await insi.seed({"fault": {"siram": "siram_40", "desir": "desir_999"}})
    assert await place.round() == 0
    assert await place.told() == {"due": 1, "later": 1, "asked": 0, "unanswered": 0, "inLot": 0}
    await insi.reset()
    assert await place.round() == 1
    assert refused["identifier"][0]["value"] not in await asked.counts(VERIFY)
    await place.owner.execute("UPDATE insi_watch SET due = now() WHERE patient = $1", refused["id"])
    assert await place.round() == 1
    assert (await place.told())["later"] == 2


@pytest.mark.parametrize("place", [MANY], indirect=True)
async def test_many_go_as_a_lot_once_and_who_is_not_confirmed_is_searched(place, insi, asked):
    await insi.seed({"persons": [{**TWIN, "birth_place": "63220", "number": "275126322012334"}]})
    one, other = await place.accepted(), await place.accepted(ANNE)
    await place.overdue()
    await insi.reset()
    await insi.fault("drop")  # INSi has the lot, and we do not know
    await place.round()
    assert (await place.told())["inLot"] == 2
    for _ in range(4):
        await place.round()
    assert await asked.counts("deposerLotVerification") == {"275126322074974": 1, "275126322012334": 1}
    assert await asked.counts(VERIFY) == {}
    assert await asked.counts(SEARCH) == {"JUMELLE": 1}
    assert (await place.told())["later"] == 1
    assert matricule_of(await place.now(one)) is not None
    events = (await place.client.get("/fhir/AuditEvent?type=110100&_count=50")).json()["entry"]
    collected = [it["resource"]["outcome"] for it in events if "recupererLotVerification" in str(it)]
    assert collected and set(collected) == {"0"}
    assert [it["businessStatus"]["coding"][0]["code"] for it in await place.tasks(other)] == ["dropped"]


@pytest.mark.parametrize("place", [MANY], indirect=True)
async def test_a_lot_that_never_arrived_is_handed_in_again(place, insi, asked):
    await place.accepted()
    await place.accepted(NESSI)
    await place.overdue()
    await insi.fault("status", status=503)
    await place.round()
    for _ in range(3):
        await place.round()
    assert set((await asked.counts("deposerLotVerification")).values()) == {1}
    assert (await place.told())["later"] == 2


@pytest.mark.parametrize("place", [MANY], indirect=True)
@pytest.mark.parametrize(("code", "pauses"), [("desir_999", [300, 600, 1200]), ("desir_560", [300, 300, 300])])
async def test_a_lot_that_insi_refuses_is_put_off_and_told_and_loses_nobody(place, insi, asked, code, pauses):
    await place.accepted()
    await place.accepted(NESSI)
    await place.overdue()
    await insi.seed({"fault": {"siram": "siram_40", "desir": code}})
    for rank, seconds in enumerate(pauses):
        await place.owner.execute("UPDATE insi_lot SET again = now()")
        with logged(in_lots) as lines:
            for _ in range(3):
                await place.round()
        told = [it for it in lines if it["event"] == "INSi refused a lot"]
        assert [(it["refusals"], it["again_in_minutes"]) for it in told] == [(rank + 1, seconds // 60)]
        assert await place.refused_lots() == [{"people": 2, "refusals": rank + 1, "code": f"siram_40, {code}"}]
        assert await place.owner.fetchval("SELECT extract(epoch FROM again - refused)::int FROM insi_lot") == seconds
    await insi.reset()
    await place.round()
    assert await asked.counts("deposerLotVerification") == {}
    await place.owner.execute("UPDATE insi_lot SET again = now()")
    for _ in range(3):
        await place.round()
    assert set((await asked.counts("deposerLotVerification")).values()) == {1}
    assert (await place.refused_lots(), (await place.told())["later"]) == ([], 2)


@pytest.mark.parametrize("place", [MANY], indirect=True)
async def test_a_lot_that_insi_refuses_holds_up_nobody(place, insi, asked):
    await place.accepted()
    await place.accepted(NESSI)
    await place.overdue()
    await insi.seed({"fault": {"siram": "siram_40", "desir": "desir_999"}})
    await place.round()
    assert "usager_insi_lots_refused 1.0" in (await place.client.get("/metrics")).text
    await insi.reset()
    await insi.seed({"persons": [{**TWIN, "birth_place": "63220", "number": "275126322012334"}]})
    for traits in (ANNE, Traits("Provisoire", "Matricule", "", "M", "2009-07-01")):
        await place.accepted(traits)
    await place.round()
    await place.owner.execute("UPDATE insi_watch SET due = now() WHERE state = 0")
    assert await place.round() == 2
    assert await asked.counts(VERIFY) == {"275126322012334": 1, "109076322088835": 1}
    await place.owner.execute("UPDATE insi_watch SET due = now() WHERE state = 0")
    await place.owner.execute("UPDATE insi_lot SET refused = now() - interval '6 minutes'")
    await place.round()
    assert set(await asked.counts("deposerLotVerification")) == {"275126322012334", "109076322088835"}
    assert (await place.told())["inLot"] == 4


async def test_an_identity_that_changes_while_insi_is_asked_is_looked_at_anew(place, insi, asked):
    made = await place.accepted()
    await place.overdue()
    await insi.fault("delay", seconds=1)
    rounds = asyncio.create_task(place.round())
    await asyncio.sleep(0.5)
    changed = {**made, "telecom": [{"system": "phone", "value": "0400000000"}]}
    assert (await place.client.put(f"/fhir/Patient/{made['id']}", json=changed)).status_code == 200
    await rounds
    after = await place.now(made)
    assert after["telecom"] == changed["telecom"]
    assert evidence_of(after).sourced.verified > evidence_of(made).sourced.verified


async def test_metrics_wait_for_no_database_that_does_not_answer(insi_settings, tmp_path, monkeypatch):
    monkeypatch.setattr(gauge, "MOST_SECONDS", 0.1)
    nowhere = Connections("postgresql://nobody@127.0.0.1:1/nothing", size=1)
    assert await gauge.gauges(nowhere, Settings(**insi_settings, data_dir=tmp_path)) == {}
    await nowhere.close()


async def test_a_worker_without_certificate_only_notes_who_is_due(database, connections, insi_settings, tmp_path):
    settings = {**insi_settings, "data_dir": tmp_path}
    del settings["insi_auto_certificate_file"]
    assert await VerifyingIdentities().verify(Workplace(Settings(**settings), connections)) == 0


@pytest.mark.parametrize("change", [SLAVE, {"insi_url": None, "national_proxy_url": None}])
async def test_where_insi_is_not_asked_nothing_is_built(connections, insi_settings, tmp_path, change):
    job = VerifyingIdentities()
    workplace = Workplace(Settings(**{**insi_settings, **change, "data_dir": tmp_path}), connections)
    assert await job.verify(workplace) == 0
