"""Versions within reach: the SQL looks at what a resource is now, this at what each of its versions was."""

from collections.abc import Sequence
from dataclasses import replace

from usager_server.access.holding import Version, chained_in, holds, pointed_by
from usager_server.errors import FHIRError
from usager_server.jsontext import parse_json
from usager_server.repository import HistoryQuery, Page, Stored
from usager_server.repository.history import history
from usager_server.repository.limited_sql import known_among
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.lookups import Lookup


async def history_within(repository: PostgresRepository, query: HistoryQuery, within: Lookup) -> Page:
    """Return one page of versions that are within reach, of resources that are so now.

    Shape   a page may be short of _count where a version is left out, such as one that named another person by mistake.
    """
    store = repository.store
    cursors = await store.cursors(repository.runner)
    page = await history(repository.runner, query, store.type_numbers, cursors, within)
    held = {id(each) for each in await held_versions(repository, [match.stored for match in page.entries], within)}
    return replace(page, entries=[match for match in page.entries if id(match.stored) in held])


async def held_versions(repository: PostgresRepository, found: Sequence[Stored], within: Lookup) -> Sequence[Stored]:
    """Return those of these versions that are within reach by what they hold; a deletion is not."""
    read = [(each, version) for each in found if (version := _version(repository, each)) is not None]
    persons = await _open_persons(repository, [version for _, version in read], within)
    return [each for each, version in read if holds(within, version, persons)]


async def _open_persons(repository: PostgresRepository, versions: Sequence[Version], within: Lookup) -> set[int]:
    """Return the Patients within reach among those that the versions point at."""
    persons: set[int] = set()
    for chained in chained_in(within):
        selves = {target for version in versions for target in pointed_by(chained, version)}
        if selves:
            text, arguments = known_among(selves, repository.store.type_numbers["Patient"], chained.inner)
            persons |= {each["self"] for each in await repository.runner.rows(text, *arguments)}
    return persons


def _version(repository: PostgresRepository, each: Stored) -> Version | None:
    if each.document is None:
        return None
    store = repository.store
    try:
        rows = store.searcher.registry.index_rows(parse_json(each.document.encode()), repository.runner.tenant)
    except FHIRError:  # stored before a rule that it breaks: what cannot be told is not within reach
        return None
    return Version(store.type_numbers[each.type], each.id, rows)
