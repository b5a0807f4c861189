"""What the tests of search share: a way to store resources and to search them, without HTTP."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from usager_server.repository import Page
from usager_server.repository.drafts import draft
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.parameters import SearchRegistry
from usager_server.search.parse import parse_query

Find = Callable[[str], Awaitable[Page]]
Found = Callable[[str], Awaitable[list[str]]]
Put = Callable[..., Awaitable[None]]


async def store_all(
    repository: PostgresRepository, registry: SearchRegistry, resources: Iterable[dict[str, Any]]
) -> None:
    """Store resources as they are, each under its own id."""
    now = datetime.now(UTC)
    drafts = [draft(one, one["id"], tenant=1, now=now, registry=registry, method="PUT") for one in resources]
    for start in range(0, len(drafts), 500):
        await repository.create(drafts[start : start + 500])


async def search(repository: PostgresRepository, registry: SearchRegistry, text: str) -> Page:
    """Search by an address: `Patient?name=x`, `?_type=Patient`, `Patient/1/Observation?code=x`."""
    path, _, query = text.partition("?")
    *compartment, kind = path.split("/")
    return await repository.search(
        parse_query(
            registry,
            [kind] if kind not in {"", "*"} else [],
            parse_qsl(query, keep_blank_values=True),
            strict=True,
            compartment=(compartment[0], compartment[1]) if compartment else None,
        )
    )


@pytest.fixture
def put(repository: PostgresRepository, search_registry: SearchRegistry) -> Put:
    """Store resources: `await put({"resourceType": "Patient", "id": "a"}, ...)`."""

    async def put(*resources: dict[str, Any]) -> None:
        await store_all(repository, search_registry, resources)

    return put


@pytest.fixture
def find(repository: PostgresRepository, search_registry: SearchRegistry) -> Find:
    """Search by an address and return the page."""
    return lambda text: search(repository, search_registry, text)


@pytest.fixture
def found(find: Find) -> Found:
    """Search by an address and return the ids of the matches, in their order."""

    async def found(text: str) -> list[str]:
        return ids(await find(text))

    return found


def ids(page: Page, mode: str = "match") -> list[str]:
    """Return the ids of the entries of one mode, in their order."""
    return [match.stored.id for match in page.entries if match.mode == mode]


def concept(code: str, system: str = "http://loinc.org", **more: Any) -> dict[str, Any]:
    """Return a CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code}], **more}


def references(*targets: str) -> Sequence[dict[str, str]]:
    """Return References to these."""
    return [{"reference": target} for target in targets]
