"""$ins-search, $ins-verify, $ins-accept through HTTP, before the stand-in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from tests.conftest import copied_database, drop_database
from tests.national.insi.people import ZOE, attempts, done, patient, stored, table, value
from tests.whole import running_app
from usager_server.identity.status import status_of
from usager_server.identity.traits import Traits

TWIN = {"birth_name": "JUMELLE", "given_names": "ANNE", "sex": "F", "birth_date": "1975-12-31"}


@pytest.fixture(scope="module")
async def server(postgres, insi_sandbox, tmp_path_factory) -> AsyncIterator[httpx.AsyncClient]:
    """A server that calls the stand-in with a certificate, and keeps traces."""
    database = await copied_database(postgres)
    settings = {**insi_sandbox.settings, "data_dir": tmp_path_factory.mktemp("insi")}
    async with running_app(database.url, audit="on", **settings) as client:
        yield client
    await drop_database(database)


@pytest.fixture
async def client(server, insi) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it; the stand-in has forgotten everything, and no record holds a matricule of its persons."""
    yield server
    for entry in (await server.get("/fhir/Patient", params={"_count": "100"})).json().get("entry", ()):
        await server.delete(f"/fhir/Patient/{entry['resource']['id']}")


@pytest.mark.requirement("SC.INS.14")
async def test_an_answer_is_compared_trait_by_trait_and_accepted_in_one_call(client):
    made = await stored(client, patient())
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    assert value(found, "code") == "00"
    assert value(found, "matricule")["value"] == "275126322074974"
    assert table(found) == {
        "birth-name": "concordant",
        "first-birth-given-name": "concordant",
        "birth-given-names": "absent",
        "sex": "concordant",
        "birth-date": "concordant",
        "birth-place": "concordant",
        "matricule": "absent",
    }
    before = (await client.get(f"/fhir/Patient/{made['id']}")).json()
    assert before["meta"]["versionId"] == "1"
    accepted = await done(client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer"))
    assert status_of(accepted).name == "recuperee"
    assert accepted["meta"]["versionId"] == "2"
    assert {"value": "275126322074974", "use": "official"}.items() <= accepted["identifier"][0].items()


async def test_an_answer_is_accepted_once(client):
    made = await stored(client, patient())
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    answers = await asyncio.gather(*(_accepted(client, made, found) for _ in range(3)))
    assert sorted(answers) == [200, 409, 409]


async def _accepted(client, made, found):
    body = {"resourceType": "Parameters", "parameter": [{"name": "answer", "valueString": value(found, "answer")}]}
    return (await client.post(f"/fhir/Patient/{made['id']}/$ins-accept", json=body)).status_code


async def test_an_answer_that_was_compared_with_another_version_is_refused(client):
    made = await stored(client, patient())
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    changed = {**made, "telecom": [{"system": "phone", "value": "0400000000"}]}
    assert (await client.put(f"/fhir/Patient/{made['id']}", json=changed)).status_code == 200
    told = await done(client, f"Patient/{made['id']}/$ins-accept", 412, answer=value(found, "answer"))
    assert "version 2, et non 1" in told["issue"][0]["diagnostics"]


@pytest.mark.parametrize("answer", ["0" * 43, "../../etc"])
async def test_a_client_cannot_invent_an_answer(client, answer):
    made = await stored(client, patient())
    await done(client, f"Patient/{made['id']}/$ins-accept", 409, answer=answer)


async def test_an_answer_about_somebody_else_is_refused(client):
    one, other = await stored(client, patient()), await stored(client, patient(replace(ZOE, birth_name="Autre")))
    found = await done(client, f"Patient/{one['id']}/$ins-search")
    await done(client, f"Patient/{other['id']}/$ins-accept", 409, answer=value(found, "answer"))
    await done(client, f"Patient/{one['id']}/$ins-accept", answer=value(found, "answer"))


async def test_traits_that_are_given_make_a_new_person(client):
    given = {"birthName": "Adrun", "givenName": "Zoé", "gender": "female", "birthDate": "1975-12-31"}
    found = await done(client, "Patient/$ins-search", **given)
    made = await done(client, "Patient/$ins-accept", 201, answer=value(found, "answer"))
    assert (made["name"][0]["family"], status_of(made).name) == ("ADRUN", "recuperee")


async def test_a_card_finds_the_same_person(client):
    found = await done(client, "Patient/$ins-search", cardInsuredNumber="275126322074974", birthDate="1975-12-31")
    assert value(found, "matricule")["value"] == "275126322074974"


@pytest.mark.requirement("SC.INS.05", "P-INS-03")
async def test_the_place_of_birth_is_not_told_at_first(client, insi):
    made = await stored(client, patient())
    assert attempts(await done(client, f"Patient/{made['id']}/$ins-search")) == [("Zoé", False, "00")]
    sent = [it["body"] for it in await insi.received()]
    assert len(sent) == 1 and "LieuNaissance" not in sent[0]


@pytest.mark.requirement("SC.INS.15", "P-INS-10")
async def test_several_people_are_told_apart_by_the_place_without_asking(client, insi):
    places = {"75056": "275127505612345", "13055": "275121305512345"}
    await insi.seed({"persons": [{**TWIN, "birth_place": it, "number": number} for it, number in places.items()]})
    anne = Traits("Jumelle", "Anne", "", "F", "1975-12-31", birth_place="13055", birth_place_label="Marseille")
    made = await stored(client, patient(anne))
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    assert attempts(found) == [("Anne", False, "02"), ("Anne", True, "00")]
    nowhere = await stored(client, patient(replace(anne, birth_place="99999", birth_place_label="INCONNU")))
    found = await done(client, f"Patient/{nowhere['id']}/$ins-search")
    assert attempts(found) == [("Anne", False, "02")]
    assert value(found, "answer") is None
    assert "lieu de naissance" in value(found, "advice")


@pytest.mark.requirement("SC.INS.15", "P-INS-11")
async def test_other_given_names_are_tried_and_advice_is_given(client):
    ola = Traits("Tchitchi", "Ola", "Ola Catarina Bella", "F", "1936-06-21")
    made = await stored(client, patient(ola))
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    assert attempts(found) == [("Ola", False, "01"), ("Catarina", False, "00")]
    assert table(found)["birth-given-names"] == "different"
    houilles = Traits("Houilles", "Pierre", "Pierre Paul Jacques", "M", "1993-01-27")
    made = await stored(client, patient(houilles))
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    assert [it[0] for it in attempts(found)] == ["Pierre", "Paul", "Jacques", "Pierre Paul Jacques"]
    assert value(found, "message") == "INSi n'a trouvé personne avec ces traits."
    assert "nom de naissance" in value(found, "advice")


@pytest.mark.requirement("SC.INS.03", "P-INS-02")
async def test_a_place_unknown_here_is_named_by_hand(client, insi):
    await insi.seed({"persons": [{**TWIN, "birth_place": "63999", "number": "275126399912360"}]})
    anne = Traits("Jumelle", "Anne", "", "F", "1975-12-31")
    made = await stored(client, patient(anne))
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    assert value(found, "birthPlaceLabelNeeded") is True
    told = await done(client, f"Patient/{made['id']}/$ins-accept", 422, answer=value(found, "answer"))
    assert "birthPlaceLabel" in told["issue"][0]["diagnostics"]
    label = {"answer": value(found, "answer"), "birthPlaceLabel": "Saint-Ailleurs"}
    accepted = await done(client, f"Patient/{made['id']}/$ins-accept", **label)
    assert "Saint-Ailleurs" in str(accepted["extension"])


@pytest.mark.parametrize(
    ("traits", "told"),
    [
        (replace(ZOE, sex="I"), "sexes masculin et féminin"),
        (replace(ZOE, birth_date=""), "date de naissance"),
        (replace(ZOE, birth_name="D4RTAGNAN"), "nom de naissance"),
    ],
)
async def test_what_insi_would_refuse_is_not_sent(client, insi, traits, told):
    made = await stored(client, {**patient(traits), "meta": {"source": "urn:a"}})
    answer = await done(client, f"Patient/{made['id']}/$ins-search", 422)
    assert told in answer["issue"][0]["diagnostics"]
    assert await insi.received() == []


@pytest.mark.parametrize(
    "given",
    [
        {"birthName": "A" * 5000},
        {"birthDate": "1975-99"},
        {"birthDate": "<!DOCTYPE>"},
        {"birthPlace": "63220' OR 1=1"},
        {"givenNames": "Zoé " * 500, "givenName": "<a>"},
        {"cardInsuredNumber": "1234"},
        {"gender": "other"},
    ],
)
async def test_what_is_badly_given_is_refused_and_not_sent(client, insi, given):
    good = {"birthName": "Adrun", "givenName": "Zoé", "gender": "female", "birthDate": "1975-12-31"}
    parts = [{"name": name, "valueString": text.strip()} for name, text in {**good, **given}.items()]
    answer = await client.post("/fhir/Patient/$ins-search", json={"resourceType": "Parameters", "parameter": parts})
    assert answer.status_code in (400, 422)
    assert await insi.received() == []


@pytest.mark.requirement("INS/va1.60")
async def test_a_verification_that_holds_dates_the_identity(client, asked):
    made = await stored(client, patient())
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    await done(client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer"))
    told = await done(client, f"Patient/{made['id']}/$ins-verify")
    assert (value(told, "verified"), value(told, "status"), value(told, "version")) == (True, "recuperee", "3")
    assert await asked.counts("verifierInsAvecTraitsIdentite") == {"275126322074974": 1}


@pytest.mark.requirement("P-INS-12")
async def test_a_verification_that_fails_searches_and_overwrites_nothing(client, insi):
    await insi.seed({"persons": [{**TWIN, "birth_place": "63220", "number": "275126322012334"}]})
    made = await stored(client, patient(Traits("Jumelle", "Anne", "", "F", "1975-12-31")))
    found = await done(client, f"Patient/{made['id']}/$ins-search")
    await done(client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer"))
    await insi.reset()
    await insi.seed({"persons": [{**TWIN, "birth_place": "13055", "number": "275121305512345"}]})
    told = await done(client, f"Patient/{made['id']}/$ins-verify")
    assert (value(told, "verified"), value(told, "status"), value(told, "code")) == (False, "recuperee", "00")
    assert table(told)["birth-place"] == "different"
    kept = (await client.get(f"/fhir/Patient/{made['id']}")).json()
    assert kept["identifier"][0]["value"] == "275126322012334"
    accepted = await done(client, f"Patient/{made['id']}/$ins-accept", answer=value(told, "answer"))
    assert [it["value"] for it in accepted["identifier"]] == ["275121305512345", "275126322012334"]
    await insi.reset()
    told = await done(client, f"Patient/{made['id']}/$ins-verify")
    assert (value(told, "status"), value(told, "code")) == ("provisoire", "01")


async def test_a_service_that_is_down_changes_nothing_and_is_traced(client, insi):
    made = await stored(client, patient())
    await insi.fault("drop")
    answer = await done(client, f"Patient/{made['id']}/$ins-search", 503)
    assert "réessayez" in answer["issue"][0]["diagnostics"]
    await insi.seed({"fault": {"siram": "siram_100", "desir": "desir_550"}})
    answer = await done(client, f"Patient/{made['id']}/$ins-search", 422)
    assert "USAGER_INSI_IDAM" in answer["issue"][0]["diagnostics"]
    events = (await client.get(f"/fhir/AuditEvent?patient=Patient/{made['id']}&_count=50")).json()
    told = str([it["resource"] for it in events["entry"]])
    assert "no-answer" in told and "desir_550" in told
    assert "ADRUN" not in told.upper()


async def test_an_identity_that_comes_from_elsewhere_is_not_asked_about(database, insi, insi_settings, tmp_path):
    async with running_app(database.url, data_dir=tmp_path) as client:
        made = await stored(client, patient())
    settings = {**insi_settings, "profiles": "esclave-identite", "identity_master": "gam", "data_dir": tmp_path}
    async with running_app(database.url, **settings) as client:
        told = await done(client, f"Patient/{made['id']}/$ins-search", 422)
    assert "esclave-identite" in told["issue"][0]["diagnostics"]


async def test_without_settings_it_says_so(database, tmp_path):
    async with running_app(database.url, data_dir=tmp_path) as client:
        made = await stored(client, patient())
        told = await done(client, f"Patient/{made['id']}/$ins-search", 503)
    assert "docs/ins.md" in told["issue"][0]["diagnostics"]


@pytest.mark.requirement("SC.INS/PSC.50")
async def test_without_certificate_a_professional_signs_in_first(database, insi, insi_settings, tmp_path):
    settings = {**insi_settings, "profiles": "sans-certificat-ins", "data_dir": tmp_path, "audit": "on"}
    who = {"nationalId": "899700000000"}
    async with running_app(database.url, **settings) as client:
        made = await stored(client, patient())
        await done(client, f"Patient/{made['id']}/$ins-search", 401, **who)
        await done(client, "$proxy-connect", bindingMessage="42", **who)
        found = await done(client, f"Patient/{made['id']}/$ins-search", **who)
        assert value(found, "code") == "00"
        await done(client, f"Patient/{made['id']}/$ins-search", 401, nationalId="899700000001")
        assert value(await done(client, "$proxy-disconnect", **who), "ended") is True
        await done(client, f"Patient/{made['id']}/$ins-search", 401, **who)
    bodies = [it.get("body", "") for it in await insi.received()]
    assert any('NameQualifier="PSC">899700000000<' in it and "Signature" not in it for it in bodies)
