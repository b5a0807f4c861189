"""TBB.INS.01: who is counted, as what, and what INSi was asked."""

import csv
import io
from collections.abc import Sequence

import pytest

from tests.indicators.conftest import PASSPORT, TODAY, Home, ago, numbers, ticked
from tests.national.insi.people import done
from usager_server.identity.traits import Traits

pytestmark = pytest.mark.requirement("TBB.INS.01")


async def test_persons_are_counted_by_status_and_by_what_is_ticked(home: Home, insi):
    for extensions in ([], [PASSPORT], [ticked("HOMA")], [ticked("DOUT")], [ticked("FICT")]):
        await home.stay(await home.person(*extensions))
    await home.stay(await home.qualified(insi))
    report = await home.report()
    assert numbers(report, "INS_STATUTS") == {"": (6,)}
    assert numbers(report, "INS_STATUTS", "statut") == {"PROV": (4,), "VALI": (1,), "QUAL": (1,)}
    assert numbers(report, "INS_STATUTS", "attribut") == {"HOMA": (1,), "DOUT": (1,), "FICT": (1,)}
    assert numbers(report, "INS_QUALIFIEES") == {"": (6, 1)}


async def test_who_was_not_there_in_the_period_is_not_counted(home: Home):
    await home.stay(await home.person(), ago(400), ago(60), "finished")
    await home.stay(await home.person(), ago(1), status="planned")
    await home.stay(await home.person(), ago(400), ago(20), "finished")
    await home.stay(await home.person(), ago(400))
    assert numbers(await home.report(), "INS_STATUTS") == {"": (2,)}
    assert numbers(await home.report(periodEnd=ago(25)), "INS_STATUTS") == {"": (2,)}
    assert numbers(await home.report(periodStart=ago(5)), "INS_STATUTS") == {"": (1,)}


async def test_a_stay_that_ends_as_the_period_begins_counts_on_that_day_only(home: Home):
    await home.stay(await home.person(), ago(400), ago(30), "finished")
    assert numbers(await home.report(), "INS_STATUTS") == {"": (1,)}
    assert numbers(await home.report(periodStart=ago(29)), "INS_STATUTS") == {"": (0,)}


async def test_somebody_without_stay_is_there_while_the_structure_manages_the_record(home: Home):
    managed = {"managingOrganization": {"reference": f"Organization/{home.id}"}}
    await home.person(**managed)
    await home.stay(await home.person(**managed), ago(400), ago(60), "finished")
    assert numbers(await home.report(), "INS_STATUTS") == {"": (1,)}


async def test_two_stays_are_one_person_and_another_structure_is_not_this_one(home: Home):
    person = await home.person()
    await home.stay(person, ago(25), ago(20), "finished")
    await home.stay(person)
    other = Home(home.client, home.owner, "elsewhere")
    body = {"resourceType": "Organization", "id": "elsewhere", "name": "Ailleurs"}
    await home.client.put("/fhir/Organization/elsewhere", json=body)
    await other.stay(await home.person())
    assert numbers(await home.report(), "INS_STATUTS") == {"": (1,)}


async def test_inactive_and_test_identities_are_left_out(home: Home):
    tagged = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
    person = await home.person()
    body = {**person, "meta": {**person["meta"], "security": [tagged]}}
    await home.client.put(f"/fhir/Patient/{person['id']}", json=body)
    await home.stay(person)
    await home.stay(await home.person(active=False))
    assert numbers(await home.report(), "INS_STATUTS") == {"": (0,)}
    assert numbers(await home.report(includeTests="true"), "INS_STATUTS") == {"": (1,)}


async def test_the_delay_runs_from_the_admission_to_the_qualification(home: Home, insi):
    await home.stay(await home.qualified(insi), ago(12))
    report = await home.report()
    assert numbers(report, "INS_AGE", "delai") == {"J30": (1,)}
    group = next(it for it in report["group"] if it["code"]["coding"][0]["code"] == "INS_AGE")
    assert group["measureScore"]["value"] in (12, 12.0)
    assert group["measureScore"]["code"] == "d"
    assert numbers(await home.report(periodEnd=ago(1)), "INS_AGE") == {"": (0,)}
    assert numbers(await home.report(periodEnd=ago(1)), "INS_POSTERIEURS") == {"": (1,)}


async def test_calls_are_counted_by_kind_and_code_for_the_persons_of_the_structure(home: Home, insi):
    zoe = await home.qualified(insi)
    await done(home.client, f"Patient/{zoe['id']}/$ins-verify")
    await home.stay(zoe)
    unknown = await home.client.post("/fhir/Patient", json={**zoe_like("Inconnue"), "resourceType": "Patient"})
    await home.stay(unknown.json())
    await done(home.client, f"Patient/{unknown.json()['id']}/$ins-search")
    report = await home.report()
    assert numbers(report, "INS_APPELS", "nature") == {"traits": (2, 1), "verification-unitaire": (1, 1)}
    assert numbers(report, "INS_APPELS", "nature-code") == {
        "traits/00": (1,),
        "traits/01": (1,),
        "verification-unitaire/00": (1,),
    }
    assert numbers(await home.report(periodStart=ago(3), periodEnd=ago(1)), "INS_APPELS") == {"": (0, 0)}


def zoe_like(name: str) -> dict[str, object]:
    """Return a Patient whom INSi does not know."""
    from tests.national.insi.people import patient

    return patient(Traits(name, "Anne", "", "F", "1975-12-31"))


async def test_what_is_due_is_to_be_verified(home: Home, insi):
    zoe = await home.qualified(insi)
    await home.stay(zoe)
    watched = (
        "INSERT INTO insi_watch (tenant, patient, version, verified, due, is_nia) VALUES (1, $1, 1, now(), {}, false)"
    )
    await home.owner.execute(watched.format("now() + interval '1 day'"), zoe["id"])
    assert numbers(await home.report(), "INS_A_VERIFIER") == {"": (0,)}
    await home.owner.execute("UPDATE insi_watch SET due = now() - interval '1 day' WHERE patient = $1", zoe["id"])
    assert numbers(await home.report(), "INS_A_VERIFIER", "verification") == {"echue": (1,)}
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": {
            "coding": [{"system": "https://usager.example/fhir/CodeSystem/ins-verification", "code": "verification"}]
        },
        "businessStatus": {
            "coding": [{"system": "https://usager.example/fhir/CodeSystem/ins-verification", "code": "unanswered"}]
        },
        "for": {"reference": f"Patient/{zoe['id']}"},
    }
    made = (await home.client.post("/fhir/Task", json=task)).json()
    expected = {"echue": (1,), "unanswered": (1,)}
    assert numbers(await home.report(), "INS_A_VERIFIER", "verification") == expected
    await home.client.put(f"/fhir/Task/{made['id']}", json={**made, "status": "completed"})
    assert numbers(await home.report(), "INS_A_VERIFIER", "verification") == {"echue": (1,)}


async def test_a_dossier_nobody_wrote_in_lately_is_not_active(home: Home):
    await home.stay(await home.person())
    assert numbers(await home.report(activeDays="1"), "INS_QUALIFIEES") == {"": (1, 0)}
    lately = {"periodStart": ago(20), "periodEnd": ago(3), "activeDays": "2"}
    assert numbers(await home.report(**lately), "INS_QUALIFIEES") == {"": (0, 0)}
    assert numbers(await home.report(**lately), "INS_STATUTS") == {"": (1,)}


async def test_small_numbers_of_persons_say_so(home: Home):
    for _ in range(5):
        await home.stay(await home.person())
    await home.stay(await home.person(PASSPORT))
    report = await home.report()
    status = next(it for it in report["group"] if it["code"]["coding"][0]["code"] == "INS_STATUTS")
    flags = {
        each["value"]["coding"][0]["code"]: "extension" in each["population"][0]
        for each in status["stratifier"][0]["stratum"]
    }
    assert flags == {"PROV": False, "RECUP": False, "VALI": True, "QUAL": False, "NONE": False}


async def test_the_report_is_a_measure_report_that_can_be_kept(home: Home):
    await home.stay(await home.person())
    report = await home.report()
    assert report["type"] == "summary"
    assert report["measure"] == "https://usager.example/fhir/Measure/tbb-ins|1"
    assert report["reporter"]["reference"] == f"Organization/{home.id}"
    assert report["period"] == {"start": f"{ago(30)}T00:00:00.000Z", "end": f"{TODAY}T23:59:59.999Z"}
    kept = await home.client.post("/fhir/MeasureReport", json=report)
    assert kept.status_code == 201, kept.text
    measure = (await home.client.get("/fhir/Measure/tbb-ins")).json()
    keys = [each["code"]["coding"][0]["code"] for each in measure["group"]]
    assert keys == [each["code"]["coding"][0]["code"] for each in report["group"]]
    assert (await home.client.post("/fhir/Measure/$validate", json=measure)).json()["issue"][0]["severity"] != "error"


async def test_the_same_numbers_come_as_csv_and_as_json(home: Home):
    await home.stay(await home.person(PASSPORT))
    answer = await home.evaluated(format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="TBB.INS.01_0000')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    (validated,) = [row for row in rows if row["modalite"] == "VALI"]
    assert (validated["denominateur"], validated["effectif_faible"]) == ("1", "oui")
    assert validated["raison_sociale"].startswith("'=Foyer")
    told = (await home.evaluated(format="json")).json()
    assert (told["report"], told["finess_et"]) == ("TBB.INS.01", validated["finess_et"])
    (qualified,) = [each for each in told["indicators"] if each["key"] == "INS_QUALIFIEES"]
    assert (qualified["numerator"], qualified["denominator"], qualified["rate"]) == (0, 1, 0.0)


@pytest.mark.parametrize(
    ("asked", "status", "where"),
    [
        ({"periodStart": ""}, 400, ["Parameters.parameter.where(name = 'periodStart')"]),
        ({"periodStart": "2026-02-30"}, 400, ["periodStart"]),
        ({"periodStart": "2026-01-01T00:00:00Z"}, 400, ["periodStart"]),
        ({"periodEnd": ago(31)}, 400, ["periodEnd"]),
        ({"periodStart": "0001", "periodEnd": "9999"}, 400, ["periodEnd"]),
        ({"activeDays": "0"}, 400, ["activeDays"]),
        ({"includeTests": "oui"}, 400, ["includeTests"]),
        ({"reportType": "subject-list"}, 400, ["Parameters.parameter.where(name = 'reportType')"]),
        ({"format": "xlsx"}, 400, ["Parameters.parameter.where(name = 'format')"]),
        ({"subject": "Patient/1"}, 400, ["subject"]),
        ({"subject": "Organization/../1"}, 400, ["subject"]),
        ({"subject": "Organization/nobody"}, 404, None),
    ],
)
async def test_what_is_no_period_subject_or_format_is_refused(
    home: Home, asked: dict[str, str], status: int, where: Sequence[str] | None
):
    answer = await home.evaluated(**asked)
    assert answer.status_code == status, answer.text
    assert answer.json()["issue"][0].get("expression") == where


async def test_an_indicator_is_named_by_id_or_canonical_and_an_unknown_one_is_told(home: Home):
    address = "/fhir/Measure/$evaluate-measure"
    period = {"subject": f"Organization/{home.id}", "periodStart": "2026", "periodEnd": "2026"}
    for name in ("tbb-ins", "Measure/tbb-ins", "https://usager.example/fhir/Measure/tbb-ins|1"):
        assert (await home.client.get(address, params={"measure": name, **period})).status_code == 200
    unknown = await home.client.get(address, params={"measure": "rama", **period})
    assert unknown.status_code == 404
    assert "tbb-ins" in unknown.json()["issue"][0]["diagnostics"]


async def test_without_subject_the_whole_organisation_is_counted_each_person_once(home: Home):
    before = numbers(await home.report(subject=""), "INS_STATUTS")[""][0]
    await home.stay(await home.person())
    assert numbers(await home.report(subject=""), "INS_STATUTS") == {"": (before + 1,)}
