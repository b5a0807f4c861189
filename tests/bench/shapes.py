"""The search shapes that are measured, as addresses made from persons of the bulk population."""

import random
from collections.abc import Callable
from urllib.parse import quote

from tests.bench import vocabulary as words
from tests.bench.population import HOSPITAL, Person

Pick = random.Random


def _url(text: str) -> Callable[[Person, Pick], str]:
    """Return a maker of addresses: `{family}` and the like are filled in with facts of a person."""

    def filled(person: Person, pick: Pick) -> str:
        return text.format(**{key: quote(str(value)) for key, value in _facts(person, pick).items()})

    return filled


def _facts(person: Person, pick: Pick) -> dict[str, object]:
    return {
        "number": person.number,
        "family": person.family,
        "start": person.family[:4],
        "middle": person.family[1:5],
        "given": person.given,
        "city": person.city,
        "birth": person.birth,
        "year": person.birth.year,
        "next_year": person.birth.year + 1,
        "identifier": f"{HOSPITAL}|{person.identifier}",
        "loinc": pick.choice(words.MEASURES)[0],
        "problem": pick.choice(words.CONDITIONS)[0],
        "other": pick.choice(words.CONDITIONS)[0],
        "height": 150 + pick.randrange(40),
        "gender": pick.choice(("male", "female")),
    }


SELECTIVE = {
    "identifier": "Patient?identifier={identifier}",
    "birthdate": "Patient?birthdate={birth}&_count=20",
    "obs_patient": "Observation?patient=Patient/p{number}&_count=20",
    "obs_patient_code": "Observation?patient=Patient/p{number}&code=http://loinc.org%7C{loinc}&_count=20",
}

# The sixteen searches of the search mix (with the read), in the order of the workload they come from.
MIX = SELECTIVE | {
    "family": "Patient?family={start}&_count=20",
    "name_contains": "Patient?name:contains={middle}&_count=20",
    "birthdate_range": "Patient?birthdate=ge{year}-01-01&birthdate=lt{next_year}-01-01&_count=20",
    "gender_sorted": "Patient?gender={gender}&_sort=-_lastUpdated&_count=20",
    "obs_code": "Observation?code=http://loinc.org%7C{loinc}&_count=20",
    "obs_code_date": "Observation?code={loinc}&date=ge2018-01-01&_count=20",
    "obs_value": "Observation?code=8302-2&value-quantity=gt{height}&_count=20",
    "chained": "Observation?patient.family={family}&_count=20",
    "has": "Patient?_has:Observation:patient:code={loinc}&_count=20",
    "include": "Observation?patient=Patient/p{number}&_include=Observation:encounter&_count=20",
    "revinclude": "Patient?_id=p{number}&_revinclude=Condition:patient&_count=20",
    "total": "Patient?gender={gender}&_total=accurate&_count=1",
}

SHAPES = MIX | {
    "family_exact_given": "Patient?family:exact={family}&given={given}&_count=20",
    "city_gender": "Patient?address-city={city}&gender={gender}&_count=20",
    "gender_sorted_name": "Patient?gender={gender}&_sort=family&_count=20",
    "gender_birthdate": "Patient?gender={gender}&birthdate=ge{birth}&_count=20",
    "last_updated": "Patient?_lastUpdated=ge2020-01-01&_count=20",
    "not_gender": "Patient?gender:not={gender}&_count=20",
    "missing": "Patient?death-date:missing=true&_count=20",
    "obs_sorted_date": "Observation?patient=Patient/p{number}&_sort=-date&_count=20",
    "obs_code_sorted_date": "Observation?code={loinc}&_sort=-date&_count=20",
    "obs_composite": "Observation?code-value-quantity=http://loinc.org%7C8302-2$gt{height}&_count=20",
    "chained_identifier": "Observation?patient.identifier={identifier}&_count=20",
    "chained_twice": "Observation?encounter.patient.identifier={identifier}&_count=20",
    "has_and_gender": "Patient?_has:Condition:patient:code={problem}&gender={gender}&_count=20",
    "include_iterate": "Observation?patient=Patient/p{number}&_include=Observation:encounter"
    "&_include:iterate=Encounter:service-provider&_count=20",
    "compartment": "Patient/p{number}/Observation?_count=20",
    "either_code": "Condition?code={problem},{other}&clinical-status=active&_count=20",
}


def urls(shapes: dict[str, str], *, persons: int, each: int = 60, seed: int = 7) -> dict[str, list[str]]:
    """Return some addresses of every shape, about persons 1 to `persons`."""
    pick = random.Random(seed)  # noqa: S311
    return {
        name: [_url(text)(Person(pick.randint(1, persons)), pick) for _ in range(each)] for name, text in shapes.items()
    }
