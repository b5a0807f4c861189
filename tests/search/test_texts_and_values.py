"""Searching by words, dates, numbers, quantities, composites, places and uris, on a real store."""

from typing import Any

import pytest

from tests.search.conftest import Found, Put, concept

UCUM = "http://unitsofmeasure.org"


def mass(value: float, code: str = "kg") -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


@pytest.fixture
async def people(put: Put) -> None:
    await put(
        {
            "resourceType": "Patient",
            "id": "a",
            "name": [{"family": "Lefèvre-d'Alançon", "given": ["Jean-François"]}],
            "birthDate": "1980-05-17",
            "address": [{"line": ["12 rue de l'Église"], "city": "Nîmes"}],
        },
        {"resourceType": "Patient", "id": "b", "name": [{"family": "Œuvrard"}], "birthDate": "1980-05"},
        {"resourceType": "Patient", "id": "c", "name": [{"text": "LEFEVRE Anne"}], "birthDate": "1980"},
        {"resourceType": "Patient", "id": "d", "name": [{"family": "Straße", "given": ["Ana", "Lef"]}]},
    )


PATIENTS_ARE_FOUND = {
    "family=lefevre": ["a"],
    "family=LEFEVRE D ALANCON": ["a"],
    "name=lefevre": ["c", "a"],
    "name=lef": ["d", "c", "a"],
    "family=oeuvrard": ["b"],
    "family=strasse": ["d"],
    "given=jean francois": ["a"],
    "family=alancon": [],
    "family:contains=alançon": ["a"],
    "family:contains=lan,ra": ["d", "b", "a"],
    "family:contains=an": ["a"],
    "family:contains=œ": ["b"],
    "family:contains=zz": [],
    "family:exact=Lefèvre-d'Alançon": ["a"],
    "family:exact=Lefevre-d'Alançon": [],
    "address=12 rue de l eglise": ["a"],
    "address-city=nimes": ["a"],
    "family:missing=true": ["c"],
    "birthdate=1980-05-17": ["a"],
    "birthdate=1980-05": ["b", "a"],
    "birthdate=1980": ["c", "b", "a"],
    "birthdate=gt1980-05-17": ["c", "b"],
    "birthdate=ge1980-05-17": ["c", "b", "a"],
    "birthdate=lt1980-05-17": ["c", "b"],
    "birthdate=sa1980-04": ["b", "a"],
    "birthdate=eb1980-06": ["b", "a"],
    "birthdate=ne1980-05": ["c"],
    "birthdate=1980-05-17,1980-06": ["a"],
    "birthdate=ge1980-05-10&birthdate=lt1980-05-20": ["c", "b", "a"],
    "birthdate=sa1980-05-10&birthdate=eb1980-05-20": ["a"],
    "birthdate:missing=true": ["d"],
    "birthdate:missing=false&family:missing=false": ["b", "a"],
}


@pytest.mark.usefixtures("people")
async def test_patients_are_found(found: Found) -> None:
    answers = {query: await found(f"Patient?{query}") for query in PATIENTS_ARE_FOUND}
    assert answers == PATIENTS_ARE_FOUND


@pytest.fixture
async def measures(put: Put) -> None:
    await put(
        {"resourceType": "Observation", "id": "w", "code": concept("29463-7"), "valueQuantity": mass(80)},
        {"resourceType": "Observation", "id": "g", "code": concept("29463-7"), "valueQuantity": mass(80500, "g")},
        {
            "resourceType": "Observation",
            "id": "x",
            "code": concept("1"),
            "valueQuantity": {"value": 80, "unit": "drops"},
        },
        {
            "resourceType": "Observation",
            "id": "bp",
            "code": concept("85354-9"),
            "component": [
                {"code": concept("8480-6"), "valueQuantity": mass(150, "mm[Hg]")},
                {"code": concept("8462-4"), "valueQuantity": mass(90, "mm[Hg]")},
            ],
        },
        {
            "resourceType": "Observation",
            "id": "low",
            "code": concept("2"),
            "valueQuantity": {"value": 5, "comparator": "<"},
        },
        {
            "resourceType": "Observation",
            "id": "c",
            "code": concept("3"),
            "valueCodeableConcept": concept("LA1", "http://la"),
        },
        {"resourceType": "Observation", "id": "s", "code": concept("4"), "valueString": "Présence d'algues"},
        {"resourceType": "Observation", "id": "t", "code": concept("5"), "valueDateTime": "2020-02-02"},
    )


OBSERVATIONS_ARE_FOUND = {
    f"value-quantity=80|{UCUM}|kg": ["w"],
    f"value-quantity=80.5|{UCUM}|kg": ["g"],
    f"value-quantity=gt79|{UCUM}|kg": ["g", "w"],
    f"value-quantity=lt80.5|{UCUM}|kg": ["w"],
    f"value-quantity=80000|{UCUM}|g": ["w"],
    "value-quantity=80": ["x", "w"],
    "value-quantity=80||drops": ["x"],
    "value-quantity=80||kg": ["w"],
    "value-quantity=lt5": ["low"],
    "value-quantity=ap82": ["x", "w"],
    f"combo-value-quantity=gt100|{UCUM}|mm[Hg]": ["bp"],
    "code-value-quantity=29463-7$80.0": ["w"],
    f"code-value-quantity=http://loinc.org|29463-7$gt79|{UCUM}|kg": ["g", "w"],
    "code-value-quantity=http://other|29463-7$80.0": [],
    "component-code-value-quantity=http://loinc.org|8480-6$gt140": ["bp"],
    "component-code-value-quantity=8462-4$gt140": [],
    "combo-code-value-quantity=8480-6$gt140,29463-7$80.0": ["bp", "w"],
    "combo-code=8462-4,29463-7": ["bp", "g", "w"],
    "code-value-concept=http://loinc.org|3$http://la|LA1": ["c"],
    "code-value-concept=3$LA1": ["c"],
    "code-value-concept=4$LA1": [],
    "code-value-string=4$presence": ["s"],
    "code-value-date=5$ge2020": ["t"],
    "code-value-date=5$lt2020": [],
    "value-string=presence d algues": ["s"],
    "value-date=2020-02": ["t"],
    "value-quantity:missing=false&code=29463-7": ["g", "w"],
    "code=29463-7&value-quantity:missing=true": [],
}


@pytest.mark.usefixtures("measures")
async def test_observations_are_found(found: Found) -> None:
    answers = {query: await found(f"Observation?{query}") for query in OBSERVATIONS_ARE_FOUND}
    assert answers == OBSERVATIONS_ARE_FOUND


async def test_open_and_long_periods_are_found(put: Put, found: Found) -> None:
    periods = {
        "day": {"start": "2024-03-01T08:00:00Z", "end": "2024-03-01T09:00:00Z"},
        "week": {"start": "2024-03-01", "end": "2024-03-07"},
        "quarter": {"start": "2024-01-01", "end": "2024-03-31"},
        "since": {"start": "2023-01-01"},
        "until": {"end": "2024-03-04"},
    }
    await put(*({"resourceType": "Encounter", "id": one, "period": period} for one, period in periods.items()))
    assert await found("Encounter?date=ge2024-03-05") == ["since", "quarter", "week"]
    assert await found("Encounter?date=lt2024-02") == ["until", "since", "quarter"]
    assert await found("Encounter?date=2024-03") == ["week", "day"]
    assert await found("Encounter?date=sa2024-02") == ["week", "day"]
    assert await found("Encounter?date=eb2024-03-05") == ["until", "day"]
    assert await found("Encounter?_sort=date") == ["until", "since", "quarter", "week", "day"]


async def test_places_near_a_point_are_found(put: Put, found: Found) -> None:
    places = {
        "nimes": (43.8367, 4.3601),
        "montpellier": (43.6108, 3.8767),
        "fiji-east": (-17.0, 179.99),
        "fiji": (-17.0, -179.99),
    }
    await put(
        *(
            {"resourceType": "Location", "id": one, "position": {"latitude": latitude, "longitude": longitude}}
            for one, (latitude, longitude) in places.items()
        )
    )
    assert await found("Location?near=43.8367|4.3601|10|km") == ["nimes"]
    assert await found("Location?near=43.8367|4.3601|60|km") == ["montpellier", "nimes"]
    assert await found("Location?near=43.8367|4.3601") == ["montpellier", "nimes"]
    assert await found("Location?near=-17|180|5000|m") == ["fiji", "fiji-east"]


async def test_a_piece_of_a_long_text_is_found(put: Put, found: Found) -> None:
    long = "Résident adressé pour une évaluation gériatrique standardisée après deux chutes à domicile, " * 4
    await put(
        {"resourceType": "Observation", "id": "long", "valueString": long},
        {"resourceType": "Observation", "id": "short", "valueString": "Deux chutes"},
    )
    assert await found("Observation?value-string:contains=deux chutes") == ["short", "long"]
    assert await found("Observation?value-string:contains=gériatrique,nothing") == ["long"]
    assert await found("Observation?value-string:contains=trois chutes") == []


async def test_uris_above_and_below_another_are_found(put: Put, found: Found) -> None:
    urls = {"root": "http://x.example/fhir", "set": "http://x.example/fhir/ValueSet/1", "other": "http://y.example"}
    await put(*({"resourceType": "ValueSet", "id": one, "url": url} for one, url in urls.items()))
    assert await found("ValueSet?url=http://x.example/fhir") == ["root"]
    assert await found("ValueSet?url:below=http://x.example/fhir") == ["set", "root"]
    assert await found("ValueSet?url:above=http://x.example/fhir/ValueSet/1/2") == ["set", "root"]


async def test_numbers_in_intervals_are_found(put: Put, found: Found) -> None:
    def risk(**probability: Any) -> list[dict[str, Any]]:
        return [probability]

    await put(
        {"resourceType": "RiskAssessment", "id": "point", "prediction": risk(probabilityDecimal=0.25)},
        {
            "resourceType": "RiskAssessment",
            "id": "range",
            "prediction": risk(probabilityRange={"low": {"value": 0.2}, "high": {"value": 0.4}}),
        },
    )
    assert await found("RiskAssessment?probability=0.25") == ["point"]
    assert await found("RiskAssessment?probability=gt0.3") == ["range"]
    assert await found("RiskAssessment?probability=lt0.3") == ["range", "point"]
    assert await found("RiskAssessment?probability=0.31") == []
    assert await found("RiskAssessment?probability=2.5e-1") == ["point"]
