"""Places of birth through $lookup, $expand and $validate-code of the whole application."""

import pytest
from httpx import AsyncClient, Response

from usager_server.birthplaces.code_systems import BIRTHPLACES, COMMUNES, COUNTRIES


async def look_up(whole: AsyncClient, code: str, system: str = COMMUNES, **more: str) -> Response:
    """Ask what a place is."""
    return await whole.get("/fhir/CodeSystem/$lookup", params={"system": system, "code": code, **more})


async def typed(whole: AsyncClient, text: str, **more: str) -> list[tuple[str, str]]:
    """Return code and display of what is found for a text."""
    query = {"url": BIRTHPLACES, "filter": text, "count": "10", **more}
    answer = await whole.get("/fhir/ValueSet/$expand", params=query)
    assert answer.status_code == 200, answer.text
    return [(each["code"], each["display"]) for each in answer.json()["expansion"].get("contains", ())]


def told(answer: Response, name: str) -> list[str]:
    """Return the values of a property of a look-up."""
    assert answer.status_code == 200, answer.text
    parts = [each["part"] for each in answer.json()["parameter"] if each["name"] == "property"]
    return [
        next(found for name, found in value.items() if name != "name")
        for code, value in parts
        if code["valueCode"] == name
    ]


@pytest.mark.parametrize(
    ("day", "display"),
    [("2015-12-31", "Saint-Florent-des-Bois"), ("2016-01-01", "Rives de l'Yon"), ("", "Rives de l'Yon")],
)
async def test_a_code_is_looked_up_on_a_day(whole: AsyncClient, day: str, display: str) -> None:
    answer = await look_up(whole, "85213", **({"date": day} if day else {}))
    names = {each["name"]: each for each in answer.json()["parameter"]}
    assert (answer.status_code, names["display"]["valueString"]) == (200, display)


async def test_a_code_outside_its_time_says_when_that_was(whole: AsyncClient) -> None:
    answer = await look_up(whole, "20004", date="1976-01-01")
    assert answer.status_code == 404
    assert "1976-01-01" in answer.json()["issue"][0]["diagnostics"]


async def test_what_became_of_a_place_is_told(whole: AsyncClient) -> None:
    assert told(await look_up(whole, "20004"), "successeur") == ["2A004"]
    assert told(await look_up(whole, "2A004"), "predecesseur") == ["20004"]
    assert told(await look_up(whole, "75101"), "rattachement") == ["75056"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chaille sous", ("85043", "Chaillé-sous-les-Ormeaux")),
        ("l abergement cle", ("01001", "L'Abergement-Clémenciat")),
        ("ST denis lann", ("28334", "Saint-Denis-Lanneray")),
        ("algerie", ("99352", "Algérie")),
        ("2a004", ("2A004", "Ajaccio")),
        ("inconnu", ("99999", "INCONNU")),
        ("papeete", ("98735", "Papeete")),
    ],
)
async def test_a_place_is_found_while_it_is_typed(whole: AsyncClient, text: str, expected: tuple[str, str]) -> None:
    assert expected in await typed(whole, text)


async def test_a_place_is_found_by_the_name_it_had(whole: AsyncClient) -> None:
    assert ("85213", "Saint-Florent-des-Bois") in await typed(whole, "saint florent des bois", date="1950-03-02")


async def test_only_what_there_was_that_day_is_offered(whole: AsyncClient) -> None:
    before = [code for code, _ in await typed(whole, "ajaccio", date="1970-01-01")]
    after = [code for code, _ in await typed(whole, "ajaccio", date="1980-01-01")]
    assert (before, after) == (["20004"], ["2A004"])


async def test_the_unknown_place_is_never_offered_unasked(whole: AsyncClient) -> None:
    assert "99999" not in [code for code, _ in await typed(whole, "")]


@pytest.mark.parametrize(("system", "code"), [(COMMUNES, "92999"), (COUNTRIES, "99198")])
async def test_a_code_that_is_not_here_is_not_held_to_be_wrong(whole: AsyncClient, system: str, code: str) -> None:
    answer = await whole.get("/fhir/CodeSystem/$validate-code", params={"url": system, "code": code})
    assert answer.status_code == 422
    assert "part" in answer.json()["issue"][0]["diagnostics"]
