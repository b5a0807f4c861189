"""Patient/$merge and $unmerge: two records of one person become one, and two again."""

import asyncio
import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.conftest import Database
from tests.operations.test_match import matched, person, stored
from tests.repository.looking import look
from usager_server.repository import reading
from usager_server.repository.running import Runner
from usager_server.search.hashing import any_code
from usager_server.search.names import REPLACED

LOCAL = "https://usager.example/merge"

Resource = dict[str, Any]


def reference(patient: str) -> Resource:
    """Return a reference to a record."""
    return {"reference": f"Patient/{patient}"}


async def merged(whole: AsyncClient, source: str, target: str, **more: bool | str) -> Response:
    """Merge one record into another."""
    parts = [{"name": f"{name}-patient", "valueReference": reference(each)} for name, each in _pair(source, target)]
    parts += [{"name": name, "valueBoolean" if value is True else "valueString": value} for name, value in more.items()]
    return await whole.post("/fhir/Patient/$merge", json={"resourceType": "Parameters", "parameter": parts})


async def unmerged(whole: AsyncClient, source: str, target: str) -> Response:
    """Undo it."""
    part = {"name": "source-patient", "valueReference": reference(source)}
    return await whole.post(
        f"/fhir/Patient/{target}/$unmerge", json={"resourceType": "Parameters", "parameter": [part]}
    )


def _pair(source: str, target: str) -> list[tuple[str, str]]:
    return [("source", source), ("target", target)]


async def got(whole: AsyncClient, address: str) -> Resource:
    """Return a resource."""
    answer = await whole.get(f"/fhir/{address}")
    assert answer.status_code == 200, answer.text
    resource: Resource = answer.json()
    return resource


async def made(whole: AsyncClient, resource: Resource) -> str:
    """Return the address of a new resource."""
    answer = await whole.post(f"/fhir/{resource['resourceType']}", json=resource)
    assert answer.status_code == 201, answer.text
    return f"{resource['resourceType']}/{answer.json()['id']}"


async def forgotten(database: Database, patient: str) -> None:
    """Take away what tells writers that a record is merged: as if they had begun before."""
    first, last, *_ = any_code(1, "Patient", REPLACED, None)
    statement = (
        "DELETE FROM index_token WHERE head BETWEEN $1 AND $2 AND row = (SELECT row FROM resource WHERE id = $3)"
        " RETURNING 1"
    )
    assert await look(database, statement, first, last, patient) == [(1,)]


def observation(patient: str) -> Resource:
    """Return an Observation of a record."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "poids"},
        "subject": reference(patient),
        "extension": [{"url": "urn:who", "valueReference": reference(patient)}],
    }


async def pair(whole: AsyncClient, family: str) -> tuple[str, str]:
    """Return two records of one person: the one that will give way, the one that stays."""
    source = await stored(whole, person(family, identifier=[{"system": LOCAL, "value": f"S-{family}"}]))
    return source, await stored(whole, person(family, identifier=[{"system": LOCAL, "value": f"T-{family}"}]))


def told(answer: Response) -> str:
    """Return what the outcome of an answer says."""
    body = answer.json()
    outcome = body if body["resourceType"] == "OperationOutcome" else body["parameter"][0]["resource"]
    return " ".join(each["diagnostics"] for each in outcome["issue"])


async def test_what_refers_to_the_source_refers_to_the_target(whole: AsyncClient) -> None:
    source, target = await pair(whole, "ABGRALL")
    weight = await made(whole, observation(source))
    both = {"resourceType": "Group", "type": "person", "actual": True}
    group = await made(whole, {**both, "member": [{"entity": reference(each)} for each in (source, target)]})
    answer = await merged(whole, source, target, reason="doublon")
    assert (answer.status_code, told(answer)) == (200, "Dossiers fusionnés : 2 ressources rattachées")
    turned = await got(whole, weight)
    assert turned["subject"] == turned["extension"][0]["valueReference"] == reference(target)
    assert [each["entity"] for each in (await got(whole, group))["member"]] == [reference(target)] * 2
    assert (await got(whole, f"{weight}/_history/1"))["subject"] == reference(source)


async def test_the_source_gives_way_and_the_target_bears_its_numbers(whole: AsyncClient) -> None:
    source, target = await pair(whole, "BOULAIN")
    await merged(whole, source, target)
    gone, stays = await got(whole, f"Patient/{source}"), await got(whole, f"Patient/{target}")
    assert gone["active"] is False
    assert gone["link"] == [{"other": reference(target), "type": "replaced-by"}]
    assert stays["link"] == [{"other": reference(source), "type": "replaces"}]
    old = [each for each in stays["identifier"] if each.get("use") == "old"]
    assert [(each["value"], set(each["period"])) for each in old] == [("S-BOULAIN", {"end"})]
    found = [entry["resource"]["id"] for entry in await matched(whole, person("BOULAIN"))]
    assert found[0] == target
    assert source not in found


async def test_the_merge_has_a_provenance_that_names_every_version(whole: AsyncClient) -> None:
    source, target = await pair(whole, "CARADEC")
    weight = await made(whole, observation(source))
    await merged(whole, source, target, reason="même personne, vérifié sur pièce")
    found = (await got(whole, f"Provenance?target=Patient/{source}&_count=50"))["entry"]
    told_of = next(each["resource"] for each in found if "reason" in each["resource"])
    assert told_of["reason"] == [{"text": "même personne, vérifié sur pièce"}]
    assert {each["reference"] for each in told_of["target"]} == {
        f"Patient/{source}/_history/2",
        f"Patient/{target}/_history/2",
        f"{weight}/_history/2",
    }


async def test_a_preview_counts_and_writes_nothing(whole: AsyncClient) -> None:
    source, target = await pair(whole, "DANIELOU")
    weight = await made(whole, observation(source))
    answer = await merged(whole, source, target, preview=True)
    assert told(answer) == "Aperçu : 1 ressources à rattacher ; rien n'est écrit"
    assert (await got(whole, weight))["subject"] == reference(source)
    assert "active" not in await got(whole, f"Patient/{source}")


async def test_unmerge_gives_each_what_it_had(whole: AsyncClient) -> None:
    source, target = await pair(whole, "EVENOU")
    before = [await got(whole, f"Patient/{each}") for each in (source, target)]
    weight = await made(whole, observation(source))
    both = {"resourceType": "Group", "type": "person", "actual": True}
    group = await made(whole, {**both, "member": [{"entity": reference(each)} for each in (source, target)]})
    await merged(whole, source, target)
    since = await made(whole, observation(target))
    answer = await unmerged(whole, source, target)
    assert (answer.status_code, told(answer)) == (200, "Fusion défaite : 2 ressources rendues au dossier source")
    after = [await got(whole, f"Patient/{each}") for each in (source, target)]
    assert [{**each, "meta": 0} for each in after] == [{**each, "meta": 0} for each in before]
    assert (await got(whole, weight))["subject"] == reference(source)
    assert [each["entity"] for each in (await got(whole, group))["member"]] == [reference(source), reference(target)]
    assert (await got(whole, since))["subject"] == reference(target)


async def test_unmerge_reads_the_versions_of_many_together(whole: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = await pair(whole, "KERVELLA")
    for _ in range(3):
        await made(whole, observation(source))
    await merged(whole, source, target)
    sent: list[str] = []
    rows = Runner.rows

    async def counted(self: Runner, statement: str, *arguments: Any, again: bool = True) -> Any:
        sent.append(statement)
        return await rows(self, statement, *arguments, again=again)

    monkeypatch.setattr(Runner, "rows", counted)
    assert (await unmerged(whole, source, target)).status_code == 200
    assert (sent.count(reading.VREAD), sent.count(reading.VREAD_MANY)) == (0, 2)  # the records, and a slice


async def test_what_changed_since_the_merge_keeps_its_change(whole: AsyncClient) -> None:
    source, target = await pair(whole, "FLOCH")
    weight = await made(whole, observation(source))
    both = {"resourceType": "Group", "type": "person", "actual": True}
    group = await made(whole, {**both, "member": [{"entity": reference(each)} for each in (source, target)]})
    await merged(whole, source, target)
    for address, change in ((weight, {"status": "amended"}), (group, {"name": "atelier"})):
        await whole.put(f"/fhir/{address}", json={**await got(whole, address), **change})
    answer = await unmerged(whole, source, target)
    assert f"{group} désignait les deux dossiers" in told(answer)
    back = await got(whole, weight)
    assert (back["status"], back["subject"]) == ("amended", reference(source))


async def test_they_can_be_merged_again_after_that(whole: AsyncClient) -> None:
    source, target = await pair(whole, "GUEGUEN")
    for _ in range(2):
        assert (await merged(whole, source, target)).status_code == 200
        assert (await unmerged(whole, source, target)).status_code == 200
    assert "link" not in await got(whole, f"Patient/{source}")


async def test_what_comes_late_to_the_source_is_refused_and_says_why(whole: AsyncClient) -> None:
    source, target = await pair(whole, "TARDIVEAU")
    known = await made(whole, observation(source))
    assert (await merged(whole, source, target)).status_code == 200
    changed = {**await got(whole, known), "subject": reference(source)}
    entry = {"resource": observation(source), "request": {"method": "POST", "url": "Observation"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    for answer in (
        await whole.post("/fhir/Observation", json=observation(source)),
        await whole.put(f"/fhir/{known}", json=changed),
        await whole.post("/fhir/", json=bundle),
    ):
        assert answer.status_code == 422, answer.text
        (issue,) = answer.json()["issue"]
        assert issue["code"] == "business-rule"
        assert issue["diagnostics"].startswith(f"Patient/{source} a été fusionné")
    await made(whole, observation(target))
    version = {**observation(target), "focus": [reference(f"{source}/_history/1")]}
    await made(whole, version)
    assert (await unmerged(whole, source, target)).status_code == 200
    await made(whole, observation(source))


async def test_what_was_under_way_at_the_merge_is_turned_by_merging_again(
    whole: AsyncClient, whole_database: Database
) -> None:
    source, target = await pair(whole, "HERVOUET")
    await merged(whole, source, target)
    again = await merged(whole, source, target)
    assert (again.status_code, again.json()["issue"][0]["code"]) == (409, "duplicate")
    await forgotten(whole_database, source)
    late = await made(whole, observation(source))
    assert (await merged(whole, source, target)).status_code == 200
    assert (await got(whole, late))["subject"] == reference(target)
    await unmerged(whole, source, target)
    assert (await got(whole, late))["subject"] == reference(source)


async def test_a_record_that_is_replaced_is_merged_no_further(whole: AsyncClient) -> None:
    first, second = await pair(whole, "ILIOU")
    third = await stored(whole, person("ILIOU"))
    await merged(whole, first, second)
    for source, target, why in (
        (first, third, "déjà fusionné"),
        (third, first, "remplacé par un autre"),
        (second, first, "remplacé par un autre"),
        (third, third, "avec lui-même"),
    ):
        answer = await merged(whole, source, target)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "business-rule")
        assert why in told(answer)


async def test_a_merge_is_undone_from_the_outside_in(whole: AsyncClient) -> None:
    first, second = await pair(whole, "JAOUEN")
    third = await stored(whole, person("JAOUEN"))
    await merged(whole, first, second)
    await merged(whole, second, third)
    assert "défaire d'abord" in told(await unmerged(whole, first, second))
    assert (await unmerged(whole, second, third)).status_code == 200
    assert (await unmerged(whole, first, second)).status_code == 200


async def test_nothing_is_undone_that_was_not_merged(whole: AsyncClient) -> None:
    source, target = await pair(whole, "KERJEAN")
    answer = await unmerged(whole, source, target)
    assert (answer.status_code, "rien à défaire" in told(answer)) == (422, True)


@pytest.mark.parametrize("value", [{"valueString": "Patient/x"}, {"valueReference": {"reference": "Group/x"}}])
async def test_what_names_no_patient_is_refused(whole: AsyncClient, value: Resource) -> None:
    parts = [{"name": "source-patient", **value}, {"name": "target-patient", "valueReference": reference("b")}]
    answer = await whole.post("/fhir/Patient/$merge", json={"resourceType": "Parameters", "parameter": parts})
    assert answer.status_code in (400, 404)


async def test_a_record_that_is_not_there_is_404(whole: AsyncClient) -> None:
    _, target = await pair(whole, "LOZACH")
    assert (await merged(whole, "nobody", target)).status_code == 404


async def test_of_two_merges_at_once_one_is_done_and_nothing_is_lost(whole: AsyncClient) -> None:
    one, other = await pair(whole, "MADEC")
    weights = [await made(whole, observation(each)) for each in (one, other)]
    answers = await asyncio.gather(merged(whole, one, other), merged(whole, other, one))
    assert sorted(each.status_code for each in answers) == [200, 422]
    stays = other if answers[0].status_code == 200 else one
    assert [(await got(whole, each))["subject"] for each in weights] == [reference(stays)] * 2


async def test_a_write_beside_the_merge_is_kept(whole: AsyncClient) -> None:
    source, target = await pair(whole, "NEDELEC")
    weight = await made(whole, observation(source))
    changed = {**await got(whole, weight), "status": "amended"}
    write, _ = await asyncio.gather(whole.put(f"/fhir/{weight}", json=changed), merged(whole, source, target))
    versions = (await got(whole, f"{weight}/_history"))["entry"]
    # When the merge was faster, the write was about a record that had given way.
    is_kept = "amended" in [each["resource"]["status"] for each in versions]
    assert (write.status_code, is_kept) in ((200, True), (422, False))


async def test_only_unmerge_makes_a_replaced_record_active_again(whole: AsyncClient) -> None:
    source, target = await pair(whole, "OLLIVIER")
    before = await got(whole, f"Patient/{source}")
    await merged(whole, source, target)
    revived = await whole.put(f"/fhir/Patient/{source}", json=before)
    assert (revived.status_code, "$unmerge" in told(revived)) == (422, True)
    phone = {"telecom": [{"system": "phone", "value": "0200000000"}]}
    changed = await whole.put(f"/fhir/Patient/{source}", json={**await got(whole, f"Patient/{source}"), **phone})
    assert changed.status_code == 200, changed.text
    await unmerged(whole, source, target)
    back = await got(whole, f"Patient/{source}")
    assert {**back, "meta": 0} == {**before, **phone, "meta": 0}


async def test_a_record_does_not_give_way_by_a_link_that_is_written(whole: AsyncClient) -> None:
    source, target = await pair(whole, "GOUBIN")
    before = await got(whole, f"Patient/{source}")
    link = [{"other": reference(target), "type": "replaced-by"}]
    answers = [
        await whole.put(f"/fhir/Patient/{source}", json={**before, "active": False, "link": link}),
        await whole.patch(
            f"/fhir/Patient/{source}",
            content=json.dumps([{"op": "add", "path": "/link", "value": link}]),
            headers={"Content-Type": "application/json-patch+json"},
        ),
    ]
    assert [(each.status_code, "$merge" in told(each)) for each in answers] == [(422, True)] * 2
    await made(whole, observation(source))
    also = [{"other": reference(target), "type": "seealso"}]
    assert (await whole.put(f"/fhir/Patient/{source}", json={**before, "link": also})).status_code == 200


async def test_a_provenance_that_somebody_made_up_undoes_nothing(whole: AsyncClient) -> None:
    source, target = await pair(whole, "PENNEC")
    weight = await made(whole, observation(target))
    await whole.put(f"/fhir/{weight}", json={**await got(whole, weight), "status": "amended"})
    await merged(whole, source, target)
    named = [f"Patient/{source}/_history/2", f"Patient/{target}/_history/2", f"{weight}/_history/2"]
    activity = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "code": "merge"}]}
    forged = {
        "resourceType": "Provenance",
        "target": [{"reference": each} for each in named],
        "recorded": "2026-11-26T20:00:00Z",
        "activity": activity,
        "agent": [{"who": {"display": "personne"}}],
    }
    await made(whole, forged)
    assert (await unmerged(whole, source, target)).status_code == 200
    kept = await got(whole, weight)
    assert (kept["status"], kept["subject"]) == ("amended", reference(target))
