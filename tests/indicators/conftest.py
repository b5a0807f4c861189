"""A server that keeps traces, before the stand-in of INSi, and a structure of its own for each test."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import copied_database, drop_database
from tests.national.insi.conftest import insi as insi
from tests.national.insi.conftest import insi_sandbox as insi_sandbox
from tests.national.insi.people import PASSPORT, done, patient, stored, value
from tests.whole import running_app
from usager_server.identity.matricule import key_of
from usager_server.identity.traits import Traits
from usager_server.sandbox.controlling import StandInControl

TODAY = datetime.now(UTC).date()
PERIOD = {"periodStart": f"{TODAY - timedelta(days=30)}", "periodEnd": f"{TODAY}"}
RELIABILITY = PASSPORT["url"]
COMMENTS = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-identity-status-comment"
Resource = dict[str, Any]

_numbers = itertools.count(1)


def ago(days: int) -> str:
    """Return the day so many days ago."""
    return f"{TODAY - timedelta(days=days)}"


def ticked(code: str) -> Resource:
    """Return the extension that ticks something on an identity."""
    comment = {"url": "comment", "valueCoding": {"system": COMMENTS, "code": code}}
    return {"url": RELIABILITY, "extension": [comment]}


@dataclass(slots=True)
class Home:
    """A structure and its reports."""

    client: httpx.AsyncClient
    owner: asyncpg.Connection
    id: str = ""
    people: list[str] = field(default_factory=list)

    async def person(self, *extensions: Resource, given: str = "", **more: Any) -> Resource:
        """Return a Patient of no structure, who is nobody else's namesake."""
        letters = "".join(chr(ord("A") + int(digit)) for digit in str(next(_numbers)))
        made = patient(Traits(f"Personne {letters}", given or "Anne", "", "F", "1940-02-01"), **more)
        made |= {"extension": list(extensions)} if extensions else {}
        return await stored(self.client, made)

    async def stay(self, person: Resource, start: str = "", end: str = "", status: str = "active") -> Resource:
        """Return a stay of a person here."""
        period = {key: day for key, day in (("start", start or ago(10)), ("end", end)) if day}
        made = {
            "resourceType": "EpisodeOfCare",
            "status": status,
            "patient": {"reference": f"Patient/{person['id']}"},
            "managingOrganization": {"reference": f"Organization/{self.id}"},
            "period": period,
        }
        return await stored(self.client, made)

    async def qualified(self, insi: StandInControl) -> Resource:
        """Return a person of whom INSi knows nobody else, whose identity it gave, checked against a passport."""
        made = await self.person()
        name, number = made["name"][0]["family"].upper(), next(_numbers)
        body = f"24002{number:08d}"
        known = {"birth_name": name, "given_names": "ANNE", "sex": "F", "birth_date": "1940-02-01"}
        known |= {"birth_place": "63220", "number": body + key_of(body)}
        await insi.seed({"persons": [known]})
        found = await done(self.client, f"Patient/{made['id']}/$ins-search")
        accepted = await done(self.client, f"Patient/{made['id']}/$ins-accept", answer=value(found, "answer"))
        return await self.checked(accepted)

    async def checked(self, person: Resource) -> Resource:
        """Check a person against a passport."""
        others = [each for each in person["extension"] if each["url"] != RELIABILITY]
        known = next(each for each in person["extension"] if each["url"] == RELIABILITY)
        parts = [*known["extension"], *PASSPORT["extension"]]
        body = {**person, "extension": [*others, {"url": RELIABILITY, "extension": parts}]}
        answer = await self.client.put(f"/fhir/Patient/{person['id']}", json=body)
        assert answer.status_code == 200, answer.text
        found: Resource = answer.json()
        return found

    async def report(self, **asked: Any) -> Resource:
        """Return the report about this structure."""
        answer = await self.evaluated(**asked)
        assert answer.status_code == 200, answer.text
        found: Resource = answer.json()
        return found

    async def evaluated(self, **asked: Any) -> httpx.Response:
        """Ask for the report about this structure, unless another subject is named."""
        given = {"subject": f"Organization/{self.id}", **PERIOD, **asked}
        params = {name: value for name, value in given.items() if value != ""}
        return await self.client.get("/fhir/Measure/tbb-ins/$evaluate-measure", params=params)


def numbers(report: Resource, key: str, stratifier: str = "") -> dict[str, tuple[int, ...]]:
    """Return the counts of a figure by the codes of its parts that are not empty; the whole under ""."""
    group = next(each for each in report["group"] if each["code"]["coding"][0]["code"] == key)
    if not stratifier:
        return {"": _counts(group)}
    strata = next(it for it in group["stratifier"] if it["code"][0]["coding"][0]["code"] == stratifier)["stratum"]
    named = {_name(each): _counts(each) for each in strata}
    return {name: counts for name, counts in named.items() if any(counts)}


def _counts(held: Resource) -> tuple[int, ...]:
    return tuple(each["count"] for each in held["population"])


def _name(stratum: Resource) -> str:
    values = [stratum["value"]] if "value" in stratum else [each["value"] for each in stratum["component"]]
    return "/".join(each["coding"][0]["code"] for each in values)


@dataclass(frozen=True, slots=True)
class Served:
    """The server, and the owner of its database."""

    client: httpx.AsyncClient
    owner: asyncpg.Connection


@pytest.fixture(scope="module")
async def served(postgres, insi_sandbox, tmp_path_factory) -> AsyncIterator[Served]:
    """A server that keeps traces, on a database of its own."""
    database = await copied_database(postgres)
    settings = {**insi_sandbox.settings, "data_dir": tmp_path_factory.mktemp("indicators"), "audit": "on"}
    owner = await asyncpg.connect(database.superuser_url)
    async with running_app(database.url, **settings) as client:
        yield Served(client, owner)
    await owner.close()
    await drop_database(database)


@pytest.fixture
async def home(served: Served) -> Home:
    """A structure."""
    finess = f"{next(_numbers):09d}"
    identifier = {"system": "https://finess.esante.gouv.fr", "value": finess}
    made = {"resourceType": "Organization", "name": f"=Foyer {finess}", "identifier": [identifier]}
    return Home(served.client, served.owner, (await stored(served.client, made))["id"])
