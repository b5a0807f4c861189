"""The editions of the COG that an operator imports."""

import asyncpg
import pytest

from tests.birthplaces.test_insee import archive, folder
from tests.conftest import Database
from tests.whole import running_app
from usager_server.birthplaces.code_systems import COUNTRIES
from usager_server.birthplaces.edition import edition_bytes
from usager_server.birthplaces.insee import edition_of
from usager_server.repository.cog_editions import KeptEdition, keep_edition, latest_edition

__all__ = ["archive", "folder"]


async def test_the_last_one_imported_is_in_use_and_none_is_lost(database: Database) -> None:
    for name, content in (("2025", b"old"), ("2026", b"new"), ("2025", b"old")):
        await keep_edition(database.superuser_url, KeptEdition(name, content))
    connection = await asyncpg.connect(database.url)
    assert await latest_edition(connection) == KeptEdition("2025", b"old")
    assert await connection.fetchval("SELECT count(*) FROM cog_edition") == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM cog_edition")
    await connection.close()


async def test_a_server_answers_from_the_edition_imported(database: Database, archive) -> None:
    edition = edition_of(archive)
    await keep_edition(database.superuser_url, KeptEdition(edition.name, edition_bytes(edition)))
    async with running_app(database.url) as client:
        asked = {"system": COUNTRIES, "code": "99111", "date": "1960-01-01"}
        answer = await client.get("/fhir/CodeSystem/$lookup", params=asked)
    assert answer.status_code == 200, answer.text
    assert {"name": "display", "valueString": "ALLEMAGNE DE L'EST"} in answer.json()["parameter"]
