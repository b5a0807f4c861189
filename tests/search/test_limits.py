"""What search does not do: show a wrong match, run for ever, include without end."""

from unittest.mock import patch

import asyncpg
import pytest

from tests.conftest import Database
from tests.search.conftest import Find, Put, ids
from usager_server.errors import TooCostly
from usager_server.repository.running import Runner
from usager_server.search.hashing import reference_hash, token_hash


async def test_two_texts_of_one_hash_show_no_wrong_match(put: Put, find: Find, database: Database) -> None:
    await put(
        {"resourceType": "Patient", "id": "right", "identifier": [{"value": "ABC-1"}]},
        {"resourceType": "Patient", "id": "wrong", "identifier": [{"value": "other"}]},
    )
    collision = token_hash(1, "Patient", "identifier", "", "abc-1")
    connection = await asyncpg.connect(database.superuser_url)
    insert = (
        "INSERT INTO index_token (head, tail, row, tenant) SELECT $1, $2, row, tenant FROM resource WHERE id = 'wrong'"
    )
    await connection.execute(insert, *collision)
    await connection.close()
    assert ids(await find("Patient?identifier=abc-1")) == ["right"]


async def test_two_targets_of_one_hash_show_no_wrong_match(put: Put, find: Find, database: Database) -> None:
    await put(
        {"resourceType": "Observation", "id": "right", "subject": {"reference": "Patient/one"}},
        {"resourceType": "Observation", "id": "wrong", "subject": {"reference": "Patient/other"}},
    )
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(
        "UPDATE index_reference SET target = $1 WHERE target = $2",
        reference_hash(1, "Patient/one"),
        reference_hash(1, "Patient/other"),
    )
    await connection.close()
    assert ids(await find("Observation?subject=Patient/one")) == ["right"]


async def test_a_search_that_takes_too_long_names_its_parameters(find: Find) -> None:
    async def timed_out(*_: object, **__: object) -> None:
        raise TooCostly("This took longer than the server allows.", code="timeout")

    await find("Patient")  # the key of the page links is read before
    with (
        patch.object(Runner, "rows", timed_out),
        pytest.raises(TooCostly, match="search by name, gender sorted by birthdate: This took longer") as refusal,
    ):
        await find("Patient?name:contains=a&gender=male&_sort=birthdate")
    assert refusal.value.issues[0].code == "timeout"


async def test_a_page_that_would_include_too_much_is_refused(put: Put, find: Find) -> None:
    await put(
        {"resourceType": "Patient", "id": "p"},
        *(
            {"resourceType": "Observation", "id": f"o{number}", "subject": {"reference": "Patient/p"}}
            for number in range(12)
        ),
    )
    with (
        patch("usager_server.repository.search_includes.INCLUDED_MOST", 10),
        pytest.raises(TooCostly, match="more than 10 resources: ask for fewer"),
    ):
        await find("Patient?_revinclude=Observation:subject")


async def test_includes_that_go_round_in_circles_end(put: Put, find: Find) -> None:
    await put(
        {"resourceType": "Organization", "id": "a", "partOf": {"reference": "Organization/b"}},
        {"resourceType": "Organization", "id": "b", "partOf": {"reference": "Organization/a"}},
    )
    page = await find("Organization?_id=a&_include:iterate=Organization:partof")
    assert (ids(page), ids(page, "include")) == (["a"], ["b"])


async def test_a_condition_that_became_common_is_noticed(put: Put, find: Find) -> None:
    with patch("usager_server.repository.search_sql.most_gathered", lambda *_, **__: 5):
        await put(*({"resourceType": "Patient", "id": f"a{number}", "birthDate": "1980-01-01"} for number in range(3)))
        assert len(ids(await find("Patient?birthdate=1980-01-01"))) == 3
        await put(*({"resourceType": "Patient", "id": f"b{number}", "birthDate": "1980-01-01"} for number in range(30)))
        assert len(ids(await find("Patient?birthdate=1980-01-01"))) == 33
