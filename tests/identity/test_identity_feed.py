"""Patient/$identity-feed: messages of the master applied, once, and acknowledged."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.identity.people import MATRICULE
from tests.pam.samples import INS, LOCAL, OTHER, message
from tests.served import issue
from usager_server.identity.matricule import identifiers_of, matricule_of
from usager_server.identity.status import Status, status_of
from usager_server.identity.traits import traits_of

ER7 = {"Content-Type": "x-application/hl7-v2+er7"}
P, V, Q = Status.provisoire, Status.validee, Status.qualifiee


async def sent(client: httpx.AsyncClient, text: str | bytes) -> httpx.Response:
    """Return the answer to a message."""
    content = text if isinstance(text, bytes) else text.encode()
    return await client.post("/Patient/$identity-feed", content=content, headers=ER7)


def segments(answer: httpx.Response) -> dict[str, list[str]]:
    """Return the segments of an ACK by name."""
    assert answer.headers["Content-Type"].startswith("x-application/hl7-v2+er7")
    lines = [line.split("|") for line in answer.text.split("\r") if line]
    return {line[0]: line for line in lines}


async def known(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the Patients that bear the local number of the samples."""
    found = await client.get("/Patient", params={"identifier": "urn:oid:1.2.250.1.999.1|12345"})
    return [each["resource"] for each in found.json().get("entry", ())]


@pytest.mark.requirement("INS/va1.64")
async def test_a_message_makes_a_record_with_the_status_of_the_master(master):
    answer = await sent(master, message())
    ack = segments(answer)
    assert (answer.status_code, ack["MSA"][1:]) == (200, ["AA", "1"])
    assert (ack["MSH"][2:6], ack["MSH"][8]) == (["USAGER", "EHPAD", "GAM", "CHU"], "ACK^A28")
    (patient,) = await known(master)
    assert (status_of(patient), matricule_of(patient)) == (Q, MATRICULE)
    assert patient["meta"]["profile"][0].endswith("fr-core-patient-ins")


@pytest.mark.requirement("INS/va1.64", "P-INS-07")
async def test_updates_and_downgrades_follow_and_nothing_else_is_lost(master, local):
    await sent(master, message())
    (patient,) = await known(local)
    phoned = {**patient, "telecom": [{"system": "phone", "value": "0100000000"}]}
    assert (await local.put(f"/Patient/{patient['id']}", json=phoned)).status_code == 200
    await sent(master, message("A31", control="2", numbers=LOCAL, status="PROV", names="ADRUNE^ZOE^^^^^L"))
    (after,) = await known(local)
    assert (status_of(after), traits_of(after).birth_name, after["telecom"]) == (P, "ADRUNE", phoned["telecom"])
    assert [each["use"] for each in identifiers_of(after)] == ["old"]


async def test_a_message_that_comes_again_is_applied_once(master):
    answers = await asyncio.gather(*(sent(master, message()) for _ in range(4)))
    assert {segments(answer)["MSA"][1] for answer in answers} == {"AA"}
    (patient,) = await known(master)
    assert patient["meta"]["versionId"] == "1"
    again = segments(await sent(master, message()))
    assert again["ERR"][4] == "W"
    found = await master.get("/Provenance", params={"target": f"Patient/{patient['id']}"})
    assert [each["resource"]["reason"][0]["text"] for each in found.json()["entry"]] == ["ADT^A28"]


async def test_different_messages_about_one_new_person_make_one_record(master):
    answers = await asyncio.gather(*(sent(master, message(control=str(number))) for number in range(4)))
    assert [segments(answer)["MSA"][1] for answer in answers] == ["AA"] * 4
    assert len(await known(master)) == 1


async def test_an_id_of_a_message_is_not_used_for_two(master):
    await sent(master, message())
    answer = await sent(master, message(born="19751230"))
    assert (answer.status_code, segments(answer)["MSA"][1]) == (409, "AE")
    (patient,) = await known(master)
    assert patient["birthDate"] == "1975-12-31"


async def test_a_matricule_with_a_provisional_identity_is_ignored_and_told(master):
    ack = segments(await sent(master, message(status="PROV")))
    assert (ack["MSA"][1], ack["ERR"][4]) == ("AA", "W")
    assert "ignoré" in ack["ERR"][8]
    (patient,) = await known(master)
    assert (status_of(patient), matricule_of(patient)) == (P, None)


@pytest.mark.parametrize(
    ("text", "status", "code", "number", "place"),
    [
        (message("A01"), 400, "AR", "201", "MSH^1^9"),
        (message(header={12: "3.0"}), 400, "AR", "203", "MSH^1^12"),
        (message(status=""), 400, "AE", "101", "PID^1^32"),
        (message(header={18: "JIS"}), 400, "AE", "103", "MSH^1^18"),
        (message(numbers=f"{LOCAL}~1234^^^X&1.2.250.1.213.1.4.10&ISO^INS"), 422, "AE", "207", "PID"),
        (message(status="VALI~FICT~DOUT"), 400, "AE", "103", "PID^1^32"),
        (message(names="ADRUN2^ZOE^^^^^L"), 422, "AE", "207", "PID"),
    ],
)
async def test_what_is_refused_is_told_with_its_place_and_nothing_is_written(master, text, status, code, number, place):
    answer = await sent(master, text)
    ack = segments(answer)
    assert (answer.status_code, ack["MSA"][1:], ack["ERR"][3], ack["ERR"][2]) == (status, [code, "1"], number, place)
    assert "ADRUN" not in answer.text
    assert await known(master) == []


async def test_a_refused_message_may_come_again_when_what_was_wrong_is_mended(master):
    assert segments(await sent(master, message(status="VALI~FICT~DOUT")))["MSA"][1] == "AE"
    assert segments(await sent(master, message()))["MSA"][1] == "AA"


async def test_accents_come_in_the_character_set_that_is_named(master):
    text = message(names="NOËL^HÉLÈNE^HÉLÈNE^^^^L", header={18: "8859/1"})
    await sent(master, text.encode("latin-1"))
    (patient,) = await known(master)
    assert traits_of(patient).birth_name == "NOËL"


async def test_what_is_no_message_is_an_operation_outcome(master):
    answer = await sent(master, b"hello")
    assert answer.status_code == 400
    assert "HL7" in issue(answer)["diagnostics"]


async def test_two_records_that_bear_the_numbers_of_one_are_told_to_be_merged(master):
    await sent(master, message(numbers=LOCAL))
    await sent(master, message(numbers=OTHER, control="2"))
    answer = await sent(master, message(numbers=f"{LOCAL}~{OTHER}", control="3"))
    assert (answer.status_code, segments(answer)["MSA"][1]) == (409, "AE")
    assert "fusionner" in answer.text


@pytest.mark.requirement("INS/va1.64")
async def test_nobody_else_feeds(local):
    answer = await sent(local, message(numbers=f"{LOCAL}~{INS}"))
    assert answer.status_code == 403
    assert "USAGER_IDENTITY_MASTER" in issue(answer)["diagnostics"]
