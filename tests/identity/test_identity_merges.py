"""Two records that the master says are one person's (A40): merged once, wholly or not at all."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.identity.test_identity_feed import segments, sent
from tests.pam.samples import LOCAL, OTHER, message
from tests.served import created
from usager_server.identity.matricule import identifiers_of, matricule_of
from usager_server.identity.status import Status, status_of
from usager_server.identity.traits import traits_of
from usager_server.operations.unmerge import MOVED

pytestmark = pytest.mark.requirement("INS/va1.64")

P, V, Q = Status.provisoire, Status.validee, Status.qualifiee
REAL = "275126322074974^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS"
THIRD = LOCAL.replace("12345", "888")
NAMES = "ADRUN^ZOE^^^^^L"


def merging(control: str = "3", **parts: str) -> str:
    """Return the message by which the record of OTHER gives way to that of LOCAL."""
    told = {"numbers": f"{LOCAL}~{REAL}", "more": f"MRG|{OTHER}", **parts}
    return message("A40", control=control, **told)  # type: ignore[arg-type]


async def bearing(client: httpx.AsyncClient, number: str) -> dict[bool, dict[str, Any]]:
    """Return the records that bear a number, by whether they are active; one of each at most."""
    value = number.partition("^")[0]
    found = await client.get("/Patient", params={"identifier": f"urn:oid:1.2.250.1.999.1|{value}"})
    records = [each["resource"] for each in found.json().get("entry", ())]
    assert len(records) == len({each["active"] for each in records})
    return {each["active"]: each for each in records}


async def two_records(client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the record of OTHER, which bears the INS, and that of LOCAL."""
    assert segments(await sent(client, message(numbers=f"{OTHER}~{REAL}")))["MSA"][1] == "AA"
    assert segments(await sent(client, message(numbers=LOCAL, status="PROV", control="2")))["MSA"][1] == "AA"
    return (await bearing(client, OTHER))[True], (await bearing(client, LOCAL))[True]


async def weighed(client: httpx.AsyncClient, patient: dict[str, Any]) -> str:
    """Return the address of something that was written about a record."""
    subject = {"reference": f"Patient/{patient['id']}"}
    weight = {"resourceType": "Observation", "status": "final", "code": {"text": "poids"}, "subject": subject}
    return f"/Observation/{(await created(client, weight))['id']}"


async def subject_of(client: httpx.AsyncClient, address: str) -> str:
    """Return whose an Observation is."""
    return str((await client.get(address)).json()["subject"]["reference"]).removeprefix("Patient/")


async def test_one_record_gives_way_and_the_other_is_as_the_master_says(master):
    source, target = await two_records(master)
    weight = await weighed(master, source)
    answer = await sent(master, merging())
    assert (answer.status_code, "ERR" in segments(answer), segments(answer)["MSH"][8]) == (200, False, "ACK^A40")
    gone, stays = (await bearing(master, OTHER))[False], (await bearing(master, LOCAL))[True]
    assert (gone["id"], stays["id"], await subject_of(master, weight)) == (source["id"], target["id"], target["id"])
    assert gone["link"] == [{"other": {"reference": f"Patient/{target['id']}"}, "type": "replaced-by"}]
    assert (status_of(gone), [each["use"] for each in identifiers_of(gone)]) == (V, ["old"])
    assert (status_of(stays), matricule_of(stays)) == (Q, matricule_of(source))
    assert {each["value"]: each["use"] for each in stays["identifier"]}["777"] == "old"


async def test_the_same_message_again_and_at_once_merges_once(master):
    await two_records(master)
    answers = await asyncio.gather(*(sent(master, merging()) for _ in range(4)))
    assert [segments(answer)["MSA"][1] for answer in answers] == ["AA"] * 4
    stays = (await bearing(master, LOCAL))[True]
    assert (stays["meta"]["versionId"], len(stays["link"])) == ("3", 1)
    assert segments(await sent(master, merging()))["ERR"][4] == "W"
    assert (await bearing(master, LOCAL))[True] == stays


async def test_a_merge_that_is_ordered_again_is_told_and_nothing_comes_late(master):
    source, target = await two_records(master)
    await sent(master, merging())
    late = {"resourceType": "Observation", "status": "final", "code": {"text": "poids"}}
    late["subject"] = {"reference": f"Patient/{source['id']}"}
    assert (await master.post("/Observation", json=late)).status_code == 422
    ack = segments(await sent(master, merging("4")))
    assert (ack["MSA"][1], ack["ERR"][4], "déjà" in ack["ERR"][8]) == ("AA", "W", True)
    stays = (await bearing(master, LOCAL))[True]
    assert (stays["id"], len(stays["link"])) == (target["id"], 1)


async def test_a_merge_whose_identity_is_refused_is_none(master):
    source, target = await two_records(master)
    weight = await weighed(master, source)
    answer = await sent(master, merging(names="ADRUN2^ZOE^^^^^L"))
    assert (answer.status_code, segments(answer)["MSA"][1]) == (422, "AE")
    assert await bearing(master, OTHER) == {True: source}
    assert await bearing(master, LOCAL) == {True: target}
    assert await subject_of(master, weight) == source["id"]
    assert segments(await sent(master, merging()))["MSA"][1] == "AA"


@pytest.mark.parametrize(("known", "place"), [(LOCAL, "MRG^1^1"), (OTHER, "PID^1^3")])
async def test_a_merge_of_whom_nobody_knows_is_told_with_the_place(master, known, place):
    await sent(master, message(numbers=known))
    before = await bearing(master, known)
    answer = await sent(master, merging())
    ack = segments(answer)
    assert (answer.status_code, ack["MSA"][1], ack["ERR"][2:4]) == (404, "AE", [place, "204"])
    assert await bearing(master, known) == before


async def test_a_record_that_gave_way_is_written_no_more(master):
    await two_records(master)
    await sent(master, merging())
    stays = await bearing(master, LOCAL)
    answer = await sent(master, message("A31", numbers=OTHER, names="AUTRE^ANNE^^^^^L", control="4"))
    assert (answer.status_code, segments(answer)["ERR"][2:4]) == (409, ["PID^1^3", "207"])
    assert await bearing(master, LOCAL) == stays


async def test_what_was_merged_with_a_third_one_is_not_merged_again(master):
    await two_records(master)
    await sent(master, message(numbers=THIRD, status="PROV", control="8"))
    await sent(master, merging())
    answer = await sent(master, merging("9", numbers=THIRD, status="PROV"))
    assert (answer.status_code, segments(answer)["ERR"][2:4]) == (409, ["MRG^1^1", "207"])
    assert "link" not in (await bearing(master, THIRD))[True]


async def test_one_record_that_bears_both_numbers_loses_the_one_that_goes(master):
    await sent(master, message(numbers=f"{LOCAL}~{OTHER}"))
    ack = segments(await sent(master, merging(names=NAMES)))
    assert (ack["MSA"][1], ack["ERR"][4]) == ("AA", "W")
    stays = (await bearing(master, LOCAL))[True]
    assert {each["value"]: each["use"] for each in stays["identifier"]}["777"] == "old"
    assert traits_of(stays).birth_given_names == "ZOE MARIE"
    assert segments(await sent(master, message("A31", numbers=OTHER, control="4")))["MSA"][1] == "AE"


async def undone(client: httpx.AsyncClient, source: str, target: str) -> httpx.Response:
    """Ask that a merge be undone."""
    part = {"name": "source-patient", "valueReference": {"reference": f"Patient/{source}"}}
    return await client.post(f"/Patient/{target}/$unmerge", json={"resourceType": "Parameters", "parameter": [part]})


async def test_a_merge_that_moved_a_matricule_is_undone_once_the_record_that_stays_lost_it(master):
    source, target = await two_records(master)
    weight = await weighed(master, source)
    await sent(master, merging())
    stays = (await bearing(master, LOCAL))[True]
    refused = await undone(master, source["id"], target["id"])
    (issue,) = refused.json()["issue"]
    assert (refused.status_code, issue["code"], issue["diagnostics"]) == (409, "duplicate", MOVED)
    assert (await bearing(master, LOCAL))[True] == stays
    assert await subject_of(master, weight) == target["id"]
    await sent(master, message("A31", numbers=LOCAL, status="PROV", control="9"))
    assert (await undone(master, source["id"], target["id"])).status_code == 200
    back, stays = (await bearing(master, OTHER))[True], (await bearing(master, LOCAL))[True]
    assert (back["id"], status_of(back), matricule_of(back)) == (source["id"], Q, matricule_of(source))
    assert (stays["id"], status_of(stays), matricule_of(stays)) == (target["id"], P, None)
    assert await subject_of(master, weight) == source["id"]
