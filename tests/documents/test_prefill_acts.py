"""$prefill of what is done once: a vaccination from its box, a rapid test, a sampling for a laboratory."""

import pytest

from tests.documents.prefilling import composition_in, listed_in, prefilled, recorded, remarks_in, sections_in, stored
from tests.served import FHIR_JSON, created
from usager_cda.systems import url_of

CIS, CIP, ATC = url_of("1.2.250.1.213.2.3.1"), url_of("1.2.250.1.213.2.3.2"), url_of("2.16.840.1.113883.6.73")
BOX = "(01)03400932857241(17)271231(10)Y3B541M"


@pytest.fixture
async def record(client):
    return await recorded(client)


def vaccination(bundle):
    """Return the vaccination that a note tells."""
    (name,) = listed_in(composition_in(bundle), "11369-6")
    return next(each["resource"] for each in bundle["entry"] if each["fullUrl"] in (name, f"{BASE}/{name}"))


BASE = "http://127.0.0.1:8080/fhir"


def codes(concept):
    return {coding["system"]: coding["code"] for coding in concept.get("coding", ())}


@pytest.mark.requirement("MS.VACC/NOTE.07")
@pytest.mark.parametrize("text", [BOX, "]d201034009328572411727123110Y3B541M"])
async def test_a_note_is_prefilled_from_the_box_of_the_vaccine(client, record, text):
    bundle = await prefilled(
        client, record["Patient"], type="vac-note", author=record["Practitioner"], datamatrix=text, date="2026-03-12"
    )
    told = vaccination(bundle)
    assert codes(told["vaccineCode"]) == {CIS: "68747507", CIP: "3400932857241", ATC: "J07AM"}
    assert (told["lotNumber"], told["expirationDate"]) == ("Y3B541M", "2027-12-31")
    assert told["occurrenceDateTime"] == "2026-03-12"
    assert told["performer"] == [{"actor": {"reference": record["PractitionerRole"]}}]
    assert remarks_in(bundle) == []
    await stored(client, bundle)


@pytest.mark.requirement("MS.VACC/NOTE.07")
@pytest.mark.parametrize("typed", ["revaxis", "60917345", f"{CIS}|60917345", "RÉVAXIS suspension"])
async def test_a_vaccine_is_found_by_its_name_or_its_code_and_the_lot_is_typed(client, record, typed):
    bundle = await prefilled(client, record["Patient"], type="vac-note", author=record["Practitioner"], vaccine=typed)
    told = vaccination(bundle)
    assert codes(told["vaccineCode"]) == {CIS: "60917345", ATC: "J07CA01"}
    assert "lotNumber" not in told
    assert [where for _, _, where in remarks_in(bundle)] == ["Immunization.lotNumber"]


@pytest.mark.requirement("MS.VACC/NOTE.07")
async def test_a_disease_gives_the_vaccines_to_choose_from(client, record):
    bundle = await prefilled(client, record["Patient"], type="vac-note", vaccine="tétanos")
    told = [text for _, text, where in remarks_in(bundle) if where == "Immunization.vaccineCode"]
    assert any("60917345 REVAXIS" in text for text in told)
    assert any("68747507 VACCIN TETANIQUE" in text for text in told)
    assert vaccination(bundle)["vaccineCode"] == {"text": "tétanos"}


async def test_a_disease_with_one_vaccine_gives_it(client, record):
    told = vaccination(await prefilled(client, record["Patient"], type="vac-note", vaccine="dengue"))
    assert codes(told["vaccineCode"]) == {ATC: "J07BX04"}


@pytest.mark.requirement("MS.VACC/NOTE.07")
async def test_a_medicine_stored_here_tells_what_our_list_does_not(client, record):
    coding = [{"system": CIS, "code": "60000001"}, {"system": CIP, "code": "3400930000021"}]
    coding.append({"system": ATC, "code": "J07BB02"})
    medicine = {"resourceType": "Medication", "code": {"coding": coding, "text": "Vaccin d'essai"}}
    await created(client, medicine)
    box = "(01)03400930000021(10)L1"
    told = vaccination(await prefilled(client, record["Patient"], type="vac-note", datamatrix=box))
    assert codes(told["vaccineCode"]) == {CIS: "60000001", CIP: "3400930000021", ATC: "J07BB02"}


async def test_a_box_that_nobody_knows_keeps_its_code(client, record):
    bundle = await prefilled(client, record["Patient"], type="vac-note", datamatrix="(01)03400930000090(10)L1")
    assert codes(vaccination(bundle)["vaccineCode"]) == {CIP: "3400930000090"}
    assert any("n'est pas connu" in text for _, text, _ in remarks_in(bundle))


async def test_without_a_vaccine_a_note_tells_the_latest_vaccination(client, record):
    bundle = await prefilled(client, record["Patient"], type="vac-note")
    assert listed_in(composition_in(bundle), "11369-6") == [record["revaxis"]]


@pytest.fixture
async def tested(client):
    return await recorded(client, "trod")


@pytest.mark.requirement("TROD.01")
@pytest.mark.requirement("TROD.02")
async def test_a_rapid_test_is_prefilled_with_its_results(client, tested):
    bundle = await prefilled(client, tested["Patient"], type="trod", author=tested["Practitioner"])
    composition = composition_in(bundle)
    (name,) = listed_in(composition, "26436-6")
    report = next(each["resource"] for each in bundle["entry"] if each["fullUrl"] == name)
    assert {each["reference"] for each in report["result"]} == {tested[x] for x in ("covid", "grippe-a", "grippe-b")}
    assert composition["event"] == [{"period": {"start": "2026-03-12T09:40:00+01:00"}}]
    assert composition["title"].startswith("Test rapide d'orientation diagnostique : Recherche de")
    assert [where for _, _, where in remarks_in(bundle)] == ["Composition.event.code"]


async def test_the_box_of_a_test_names_its_device(client, tested):
    for name in ("covid", "grippe-a", "grippe-b"):
        result = (await client.get(f"/{tested[name]}")).json()
        del result["device"]
        assert (await client.put(f"/{tested[name]}", json=result, headers=FHIR_JSON)).status_code == 200
    box = "(01)03400000000012(17)271231(10)K4471"
    bundle = await prefilled(client, tested["Patient"], type="trod", datamatrix=box)
    await stored(client, bundle)
    link = (await client.get(f"/{tested['covid']}")).json()["device"]["reference"]
    device = (await client.get(f"/{link}")).json()
    assert device["udiCarrier"][0]["carrierHRF"] == box
    assert device["lotNumber"] == "K4471"


async def test_a_sampling_without_its_checklist_says_what_lacks(client):
    record = await recorded(client, qualified=False)
    patient = (await client.get(f"/{record['Patient']}")).json()
    bundle = await prefilled(client, record["Patient"], type="cert-decl", author=record["Practitioner"])
    told = {text: severity for severity, text, _ in remarks_in(bundle)}
    assert told["L'INS n'est pas qualifiée"] == "error"
    assert told["Pas d'adresse MSSanté du laboratoire"] == "error"
    assert told["Pas d'adresse MSSanté de la structure"] == "error"
    assert told["Pas de prescription de biologie"] == "warning"
    assert told["Pas d'adresse MSSanté du médecin traitant"] == "warning"
    assert "Le préleveur n'a pas de numéro RPPS" not in told
    assert patient["identifier"][0]["system"].endswith(".10")


async def test_a_sampling_with_its_checklist_says_where_the_report_returns(client, record):
    await complete(client, record)
    bundle = await prefilled(
        client, record["Patient"], type="cert-decl", author=record["Practitioner"], date="2026-03-12T08:30:00+01:00"
    )
    assert [each for each in remarks_in(bundle) if each[0] != "information"] == []
    composition = composition_in(bundle)
    text = str(sections_in(composition))
    for address in ("ehpad@tilleuls.mssante.fr", "labo@biologie.mssante.fr", "medecin@ville.mssante.fr"):
        assert address in text
    assert "12/03/2026 à 08h30" in text
    assert composition["title"] == "Attestation d'identité qualifiée concernant un prélèvement externe"
    assert composition["event"] == [{"period": {"start": "2026-03-12T08:30:00+01:00"}}]


async def complete(client, record):
    """Put into a record all that is asked for before a sampling."""
    place = (await client.get(f"/{record['Organization']}")).json()
    place["telecom"] = [{"system": "email", "value": "ehpad@tilleuls.mssante.fr"}]
    await client.put(f"/{record['Organization']}", json=place, headers=FHIR_JSON)
    laboratory = await created(
        client,
        {
            "resourceType": "Organization",
            "name": "Laboratoire",
            "telecom": [{"system": "email", "value": "labo@biologie.mssante.fr"}],
        },
    )
    partner = {"resourceType": "OrganizationAffiliation", "active": True}
    partner |= {"organization": {"reference": record["Organization"]}, "code": [{"coding": [{"code": "SA25"}]}]}
    await created(client, partner | {"participatingOrganization": {"reference": f"Organization/{laboratory['id']}"}})
    telecom = [{"system": "email", "value": "medecin@ville.mssante.fr"}]
    doctor = await created(client, {"resourceType": "Practitioner", "name": [{"family": "ROY"}], "telecom": telecom})
    patient = (await client.get(f"/{record['Patient']}")).json()
    patient["generalPractitioner"] = [{"reference": f"Practitioner/{doctor['id']}"}]
    response = await client.put(f"/{record['Patient']}", json=patient, headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    order = {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}
    order |= {"category": [{"coding": [{"system": "http://snomed.info/sct", "code": "108252007"}]}]}
    await created(client, order | {"subject": {"reference": record["Patient"]}, "code": {"text": "Ionogramme"}})
