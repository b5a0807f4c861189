"""Patient/$match: who may be the person, how sure it is, and why."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.spent import at_most
from usager_server.identity.words import BIRTH_GIVEN_NAMES, BIRTH_PLACE, INSEE_CODE
from usager_server.matching.comparing import compare, portrait

COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
TEST_INS = "urn:oid:1.2.250.1.213.1.4.10"
LOCAL = "https://usager.example/match"

Resource = dict[str, Any]


def person(
    family: str = "KERGUÉLEN-MARZIN",
    given: str = "MAËLLE-ANNE",
    born: str = "1951-03-12",
    *,
    listed: str = "",
    used: str = "",
    sex: str = "female",
    place: str = "",
    **more: Any,
) -> Resource:
    """Return a Patient as FR Core writes one."""
    official: Resource = {"use": "official", "family": family, "given": [given]}
    if listed:
        official["extension"] = [{"url": BIRTH_GIVEN_NAMES, "valueString": listed}]
    names = [official] + ([{"use": "usual", "family": used, "given": [given]}] if used else [])
    patient: Resource = {"resourceType": "Patient", "name": names, "gender": sex, "birthDate": born, **more}
    if place:
        coding = {"system": COMMUNES, "code": place}
        address = {"extension": [{"url": INSEE_CODE, "valueCoding": coding}], "city": "une commune"}
        patient["extension"] = [{"url": BIRTH_PLACE, "valueAddress": address}]
    return patient


async def stored(whole: AsyncClient, patient: Resource) -> str:
    """Return the id of a record that was just made."""
    answer = await whole.post("/fhir/Patient", json=patient)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def matched(whole: AsyncClient, patient: Resource, **more: Any) -> list[Resource]:
    """Return the entries found for a person."""
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient}]}
    body["parameter"] += [
        {"name": name, "valueBoolean" if value is True else "valueInteger": value} for name, value in more.items()
    ]
    answer = await whole.post("/fhir/Patient/$match", json=body)
    assert answer.status_code == 200, answer.text
    entries: list[Resource] = answer.json().get("entry", [])
    return entries


def grade(entry: Resource) -> str:
    """Return the grade of an entry."""
    return next(it["valueCode"] for it in entry["search"]["extension"] if "match-grade" in it["url"])


def reasons(entry: Resource) -> dict[str, str]:
    """Return why, by trait."""
    told = [it["extension"] for it in entry["search"]["extension"] if "match-reason" in it["url"]]
    return {parts[0]["valueCode"]: parts[2]["valueString"] for parts in told}


@pytest.fixture(scope="module")
async def maelle(whole: AsyncClient) -> str:
    """One record that all is looked for in."""
    return await stored(
        whole,
        person(
            used="TRÉGASTEL",
            listed="MAËLLE-ANNE YOUNA",
            place="29019",
            identifier=[{"use": "usual", "system": LOCAL, "value": "M-0001"}],
        ),
    )


SLIPS = [
    (person(place="29019", listed="MAËLLE-ANNE YOUNA"), "certain", "family", "identique"),
    (person("kerguelen marzin", "Maelle Anne"), "probable", "family", "accents, tirets"),
    (person("KERGUELENMARZIN", "MAELLE ANNE"), "probable", "family", "espaces"),
    (person("KERGUÉLEN"), "probable", "family", "une partie du nom composé"),
    (person("KERGUÉLEN-MARZAN"), "probable", "family", "une lettre d'écart"),
    (person("KERGUELLEN MARZINS"), "probable", "family", "même prononciation"),
    (person("TREGASTEL"), "probable", "family", "nom utilisé"),
    (person("TREGAS"), "probable", "family", "début"),
    (person(given="MAËLLE"), "probable", "given", "une partie"),
    (person(given="YOUNA"), "probable", "given", "un des prénoms"),
    (person(given="MAËLE-ANNE"), "probable", "given", "une lettre"),
    (person("MAËLLE ANNE", "KERGUELEN MARZIN"), "probable", "family", "intervertis"),
    (person(born="1951-12-03"), "probable", "birthDate", "jour et mois intervertis"),
    (person(born="1957-03-12"), "probable", "birthDate", "un chiffre"),
    (person(born="1951-03-21"), "probable", "birthDate", "deux chiffres"),
    (person(born="1951-03-10"), "probable", "birthDate", "un chiffre"),
    (person(born="1951-03-09"), "probable", "birthDate", "3 jours"),
    (person(born="2051-03-12"), "probable", "birthDate", "siècle"),
    (person(born="1951"), "probable", "birthDate", "ce qui en est connu"),
    (person(born="1951-12-31"), "probable", "birthDate", "complétée d'office"),
    (person(born="1932-08-25"), "possible", "birthDate", "différente"),
    (person(sex="male"), "possible", "gender", "différent"),
    (person(place="75056"), "possible", "birthPlace", "différent"),
    (person("BEAUREGARD"), "possible", "family", "différent"),
    (
        {"resourceType": "Patient", "name": [{"family": "Tregastel", "given": ["Maelle"]}]},
        "possible",
        "given",
        "partie",
    ),
]


@pytest.mark.requirement("SENTINELLE.05")
@pytest.mark.requirement("SC.INS.19")
@pytest.mark.parametrize(("sought", "expected", "trait", "why"), SLIPS)
async def test_a_person_is_found_in_spite_of(
    whole: AsyncClient, maelle: str, sought: Resource, expected: str, trait: str, why: str
) -> None:
    found = next(entry for entry in await matched(whole, sought) if entry["resource"]["id"] == maelle)
    assert grade(found) == expected, found["search"]
    assert why in reasons(found)[trait], reasons(found)
    assert 0 < found["search"]["score"] <= 1


async def test_a_code_of_birth_place_that_changed_is_the_same_place(whole: AsyncClient) -> None:
    made = await stored(whole, person("ZONZALI", "GHJUVAN", "1950-05-05", sex="male", place="20004"))
    (found,) = await matched(whole, person("ZONZALI", "GHJUVAN", "1950-05-05", sex="male", place="2A004"))
    assert (found["resource"]["id"], grade(found)) == (made, "probable")
    assert "dont le code a changé" in reasons(found)["birthPlace"]


async def test_a_stranger_is_not_found(whole: AsyncClient, maelle: str) -> None:
    assert await matched(whole, person("BEAUREGARD", "THIBAUT", "1970-01-02")) == []


async def test_a_local_number_finds_and_a_trait_against_it_warns(whole: AsyncClient, maelle: str) -> None:
    number = {"identifier": [{"system": LOCAL, "value": "M-0001"}]}
    sure = (await matched(whole, person(**number)))[0]
    (alert,) = await matched(whole, person("BEAUREGARD", "THIBAUT", "1970-01-02", **number))
    assert (sure["resource"]["id"], grade(sure), grade(alert)) == (maelle, "certain", "possible")
    assert "différent" in reasons(alert)["family"]


async def test_a_matricule_finds_and_another_one_denies(whole: AsyncClient) -> None:
    def bearing(value: str) -> Resource:
        identifier = {"use": "temp", "system": TEST_INS, "value": value}
        return person("OURGHI", "ZOÉLIE", "1975-12-31", identifier=[identifier])

    made = await stored(whole, bearing("275126322074974"))
    (same,) = await matched(whole, bearing("275126322074974"))
    (other,) = await matched(whole, bearing("253072A07300443"))
    assert (same["resource"]["id"], grade(same)) == (made, "certain")
    assert (grade(other), reasons(other)["matricule"]) == ("possible", "matricule INS différent")


async def test_only_a_certain_match_is_given_when_that_is_asked(whole: AsyncClient, maelle: str) -> None:
    assert await matched(whole, person(), onlyCertainMatches=True) == []
    sure = person(place="29019", listed="MAËLLE-ANNE YOUNA")
    assert [each["resource"]["id"] for each in await matched(whole, sure, onlyCertainMatches=True)] == [maelle]


async def test_two_certain_matches_are_none(whole: AsyncClient) -> None:
    twice = person("QUIQUERET", "ODILON", "1960-06-06", sex="male", place="63113")
    await stored(whole, twice)
    await stored(whole, twice)
    (outcome,) = await matched(whole, twice, onlyCertainMatches=True)
    assert outcome["search"]["mode"] == "outcome"
    assert outcome["resource"]["issue"][0]["code"] == "multiple-matches"


async def test_no_more_are_given_than_asked_for(whole: AsyncClient) -> None:
    for day in range(10, 14):
        await stored(whole, person("VERCHÈRE", "SIDOINE", f"1961-06-{day}"))
    assert len(await matched(whole, person("VERCHERE", "SIDOINE", "1961-06-11"))) == 4
    assert len(await matched(whole, person("VERCHERE", "SIDOINE", "1961-06-11"), count=2)) == 2


async def test_the_other_name_of_a_person_is_enough_of_a_key(whole: AsyncClient) -> None:
    made = await stored(whole, {"resourceType": "Patient", "name": [{"family": "Hautecœur", "given": ["Gwenc'hlan"]}]})
    (found,) = await matched(whole, person("HAUTECOEUR", "GWENCHLAN", "1999-01-01"))
    assert found["resource"]["id"] == made


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        ({"resourceType": "Patient", "gender": "male"}, "required"),
        ({"resourceType": "Patient", "name": [{"family": "SEUL"}]}, "required"),
        ({"resourceType": "Patient", "name": "SEUL"}, "structure"),
        ({"resourceType": "Observation", "status": "final"}, "value"),
    ],
)
async def test_what_cannot_be_looked_for_is_refused(whole: AsyncClient, patient: Resource, code: str) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient}]}
    answer = await whole.post("/fhir/Patient/$match", json=body)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["code"] == code


def test_a_list_of_given_names_without_end_costs_no_more_than_a_long_one() -> None:
    endless = portrait(person(given="XYZ", listed=" ".join(f"X{number}" for number in range(50_000))))
    known = portrait(person(given="ÉMILIE", listed="ÉMILIE ZOÉ"))
    with at_most(0.3):
        for one, other in ((endless, known), (known, endless)):
            compare(one, other, lambda _one, _other: False)
