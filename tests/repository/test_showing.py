"""A version is shown and traced by one statement: both or neither, as apart, and only what is within view."""

import asyncio
import json
from typing import Any

import pytest

from tests.conftest import Database
from tests.repository.drafting import ToldRows, now, patient
from tests.repository.looking import look
from usager_server.access.grant import Grant
from usager_server.access.reach import Reach
from usager_server.errors import Forbidden
from usager_server.repository import Draft
from usager_server.repository.drafts import draft
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.index import IndexRows
from usager_server.search.parameters import SearchRegistry
from usager_server.traces.act import Act
from usager_server.traces.event import Origin
from usager_server.traces.patients import patients_in

BASE = "https://dui.example/fhir"
SOMEONE = Origin("Practitioner/1", client="planning", session="s1", address="10.0.0.7", request_id="r-1")

# What may stand in a resource and be, or look like, a Patient.
MENTIONS: dict[str, list[Any]] = {
    "none": [],
    "one": ["Patient/a"],
    "twice the same": ["Patient/a", "Patient/a"],
    "two": ["Patient/a", "Patient/b"],
    "a version": ["Patient/a/_history/2"],
    "by our address": [f"{BASE}/Patient/a"],
    "by another address": ["https://elsewhere.example/fhir/Patient/a"],
    "one, and by our address": ["Patient/a", f"{BASE}/Patient/b"],
    "conditional": ["Patient?identifier=1"],
    "too long": [f"Patient/{'a' * 65}"],
    "longest": [f"Patient/{'a' * 64}"],
    "a bar": ["Patient/a|1"],
    "accents before": ["é" * 700, "Patient/a"],
    "only the word": ["Patient"],
    "a word that begins so": ["Patients/a", "Patient/a"],
    "with its type": ["Patient/a", "Patient"],
    "contained": [{"resourceType": "Patient", "id": "inside"}],
    "contained, and one": [{"resourceType": "Patient", "id": "inside"}, "Patient/a"],
    "a word in a text": ["Le Patient : Durand", "Patient/a"],
    "only a word in a text": ["Le Patient : Durand"],
    "one, and one within": ["Patient/a", {"resourceType": "Patient", "id": "inside"}],
    "quoted": ['he said "Patient/a"'],
    "a logical one": [{"type": "Patient", "id": "x"}],
}
TOLD = ("none", "one", "twice the same", "longest", "accents before", "a word in a text")


def observation(name: str, mentions: list[Any]) -> Draft:
    """Return the draft of something that holds these."""
    resource = {"resourceType": "Observation", "held": mentions}
    return draft(resource, name, tenant=1, now=now(), registry=ToldRows(IndexRows()), method="PUT")


def reading(resource_type: str, resource_id: str) -> Act:
    """Return the act of a read."""
    return Act("read", SOMEONE, resource_type, resource_id, BASE)


async def traces(database: Database) -> list[tuple[Any, ...]]:
    """Return what was traced, in order, the tenant first."""
    return await look(
        database, "SELECT tenant, kind, outcome, subject, type, id, version, patient, body FROM trace ORDER BY row"
    )


async def test_what_is_shown_is_traced_as_it_would_be_apart(repository: PostgresRepository, database: Database) -> None:
    await repository.create([patient("one")])
    act = reading("Patient", "one")
    shown = await repository.show("Patient", "one", act)
    assert shown is not None and shown == await repository.read("Patient", "one") and act.is_told
    await repository.record([act.shown(shown.document or "", version=1)])
    together, apart = await traces(database)
    assert together == apart


@pytest.mark.parametrize("named", MENTIONS)
async def test_the_statement_tells_of_the_patients_that_python_finds(
    repository: PostgresRepository, database: Database, named: str
) -> None:
    await repository.create([observation("one", MENTIONS[named])])
    act = reading("Observation", "one")
    shown = await repository.show("Observation", "one", act)
    assert shown is not None and shown.document is not None
    kept = await traces(database)
    assert act.is_told is bool(kept) is (named in TOLD)
    if kept:
        assert (kept[0][-2],) == (patients_in(shown.document, BASE) or ("",))


async def test_a_patient_who_names_another_is_left_to_python(
    repository: PostgresRepository, database: Database
) -> None:
    await repository.create([patient("one", link=[{"other": {"reference": "Patient/two"}, "type": "seealso"}])])
    act = reading("Patient", "one")
    assert await repository.show("Patient", "one", act) is not None
    assert not act.is_told and await traces(database) == []


async def test_what_is_not_there_or_deleted_is_not_told(repository: PostgresRepository, database: Database) -> None:
    await repository.create([patient("one")])
    await repository.delete("Patient", "one", last_updated=now())
    gone, unknown = reading("Patient", "one"), reading("Patient", "two")
    deleted = await repository.show("Patient", "one", gone)
    assert deleted is not None and deleted.document is None
    assert await repository.show("Patient", "two", unknown) is None
    assert not gone.is_told and not unknown.is_told and await traces(database) == []


async def test_each_of_many_at_once_is_shown_its_own_and_traced(
    repository: PostgresRepository, other_repository: PostgresRepository, database: Database
) -> None:
    await repository.create([patient(f"p{number}") for number in range(40)])
    await other_repository.create([patient("p1", tenant=2, family="Autre")])
    wanted = [(number % 2 == 0, f"p{number}") for number in range(40)]
    acts = [reading("Patient", name) for _, name in wanted]
    shown = await asyncio.gather(
        *(
            (repository if ours else other_repository).show("Patient", name, act)
            for (ours, name), act in zip(wanted, acts, strict=True)
        )
    )
    assert [each.id if each else None for each in shown] == [
        name if ours or name == "p1" else None for ours, name in wanted
    ]
    assert shown[1] is not None and "Autre" in (shown[1].document or "")
    assert sorted((tenant, name) for tenant, _, _, _, _, name, *_ in await traces(database)) == sorted(
        [(1, name) for ours, name in wanted if ours] + [(2, "p1")]
    )


async def test_what_is_out_of_reach_is_neither_shown_nor_traced(
    repository: PostgresRepository, search_registry: SearchRegistry, database: Database
) -> None:
    await repository.create([patient("mine"), patient("theirs"), observation("one", ["Patient/mine"])])
    mine = repository.within(
        Reach(search_registry, 1, Grant.of("patient/Patient.r patient/Observation.r", patient="mine"))
    )
    acts = [reading("Patient", "mine"), reading("Patient", "theirs"), reading("Observation", "one")]
    shown = [await mine.show(act.type, act.id, act) for act in acts]
    # The Observation was given no index rows, by which it would be of the record.
    assert [each.id if each else None for each in shown] == ["mine", None, None]
    assert [act.is_told for act in acts] == [True, False, False]
    assert [json.loads(body)["request"] for *_, body in await traces(database)] == ["r-1"]
    with pytest.raises(Forbidden):
        await mine.show("Condition", "one", reading("Condition", "one"))


async def test_a_trace_that_cannot_be_kept_with_it_is_left_to_the_caller(
    repository: PostgresRepository, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.create([patient("one")])
    monkeypatch.setattr("usager_server.repository.showing.row_numbers.next", lambda: 7)
    first, second = reading("Patient", "one"), reading("Patient", "one")
    assert await repository.show("Patient", "one", first) and first.is_told
    assert await repository.show("Patient", "one", second) and not second.is_told  # the number is taken
    assert len(await traces(database)) == 1
