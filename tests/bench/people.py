"""The bulk population: many persons with little each, under ids that can be guessed (Patient/p17, Encounter/e17)."""

from collections.abc import Iterator

from tests.bench import clinical
from tests.bench.population import Person, Resource, organization, patient, practitioner

ORGANIZATIONS, PRACTITIONERS, OBSERVATIONS = 200, 1000, 3
PER_PERSON = 3 + OBSERVATIONS


def shared() -> Iterator[Resource]:
    """Yield the establishments and professionals that everybody refers to."""
    for number in range(ORGANIZATIONS):
        yield {**organization(Person(-1 - number)), "id": f"org{number}"}
    for number in range(PRACTITIONERS):
        yield {**practitioner(Person(-1 - number)), "id": f"dr{number}"}


def dossier(number: int) -> Iterator[Resource]:
    """Yield one person: Patient, Encounter, Condition and a few Observations."""
    person = Person(number)
    links = {
        "patient": f"Patient/p{number}",
        "encounter": f"Encounter/e{number}",
        "organization": f"Organization/org{number % ORGANIZATIONS}",
        "practitioner": f"Practitioner/dr{number % PRACTITIONERS}",
    }
    yield {**patient(person), "id": f"p{number}"}
    begun = person.moment()
    yield {**clinical.encounter(person, links, begun), "id": f"e{number}"}
    yield {**clinical.condition(person, links, begun), "id": f"c{number}"}
    for nth in range(OBSERVATIONS):
        yield {**clinical.observation(person, links, begun), "id": f"o{number}-{nth}"}


def people(first: int, last: int) -> Iterator[Resource]:
    """Yield the persons of a range, both ends included."""
    for number in range(first, last + 1):
        yield from dossier(number)
