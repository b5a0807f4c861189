"""A look into the tables, past row-level security."""

from typing import Any

import asyncpg
import pytest

from tests.conftest import Database
from usager_server.repository.running import Runner
from usager_server.search.index import IndexRows


async def look(database: Database, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a statement run by the superuser."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        return [tuple(row) for row in await connection.fetch(statement, *arguments)]
    finally:
        await connection.close()


def explained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what becomes the plans of the statements that the stores run from now on, each run once more."""
    plans: list[str] = []
    rows = Runner.rows

    async def explaining(self: Runner, statement: str, *arguments: Any, again: bool = True) -> Any:
        found = await rows(self, f"EXPLAIN (COSTS OFF, VERBOSE) {statement}", *arguments)
        plans.append("\n".join(line for (line,) in found))
        return await rows(self, statement, *arguments, again=again)

    monkeypatch.setattr(Runner, "rows", explaining)
    return plans


async def index_rows(database: Database) -> IndexRows:
    """Return all the index rows there are, in the order in which tests write them."""
    return IndexRows(
        tokens=await look(database, "SELECT head, tail FROM index_token ORDER BY 1, 2"),
        references=await look(database, "SELECT parameter, target FROM index_reference ORDER BY 1, 2"),
        strings=await look(database, "SELECT parameter, value, spelling FROM index_string ORDER BY 1, 2, 3"),
        dates=await look(database, "SELECT parameter, low, high FROM index_date ORDER BY 1, 2"),
        numbers=await look(database, "SELECT parameter, low, high FROM index_number ORDER BY 1, 2"),
    )
