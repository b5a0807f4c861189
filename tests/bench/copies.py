"""Persons beyond the first hundred thousand: copies of those, under ids and numbers of their own, made by the database.

To draft each of a million would take an hour. What a copy leaves is what the server would leave for the resources of
`copied_dossier`, row for row (a test compares): the hashes that differ are made by the server's own code.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg

from tests.bench.people import OBSERVATIONS, dossier
from tests.bench.population import HOSPITAL, IDENTIFIER_TYPES, Person, Resource
from usager_server.repository.columns import INDEX_TABLES
from usager_server.repository.ids import row_numbers
from usager_server.search.hashing import reference_hash, token_hash
from usager_server.search.names import OF_TYPE, typed_value

ORIGINALS = 100_000

MAPS = """
CREATE TEMP TABLE resource_map (number int, type smallint, id text, other int, other_id text, self bigint, row bigint);
CREATE TEMP TABLE token_map (head int, tail bigint, other_head int, other_tail bigint)
"""

# What differs in the text of a copy: its id, the number of the person, and whom it refers to.
RESOURCES = """
CREATE TEMP TABLE copied AS
SELECT r.row AS old_row, r.self AS old_self, m.row, m.self, r.last_updated, r.tenant, r.version, r.type, r.method,
    m.other_id AS id,
    replace(replace(replace(replace(r.document,
        '"id":"' || m.id || '"', '"id":"' || m.other_id || '"'),
        'Patient/p' || m.number || '"', 'Patient/p' || m.other || '"'),
        'Encounter/e' || m.number || '"', 'Encounter/e' || m.other || '"'),
        'IPP' || lpad(m.number::text, 9, '0'), 'IPP' || lpad(m.other::text, 9, '0')) AS document
FROM resource_map AS m JOIN resource AS r ON r.type = m.type AND r.id = m.id;
INSERT INTO resource (row, self, last_updated, tenant, version, type, method, id, document)
SELECT row, self, last_updated, tenant, version, type, method, id, document FROM copied;
ALTER TABLE copied DROP document
"""

TOKENS = """
INSERT INTO index_token (head, tail, row, tenant)
SELECT coalesce(m.other_head, i.head), coalesce(m.other_tail, i.tail), c.row, i.tenant
FROM copied AS c JOIN index_token AS i ON i.row = c.old_row LEFT JOIN token_map AS m USING (head, tail)
"""

REFERENCES = """
INSERT INTO index_reference (parameter, target, row, tenant)
SELECT i.parameter, coalesce(m.self, i.target), c.row, i.tenant
FROM copied AS c JOIN index_reference AS i ON i.row = c.old_row LEFT JOIN copied AS m ON m.old_self = i.target
"""

Map = tuple[Any, ...]


def copied_dossier(number: int, originals: int = ORIGINALS) -> Iterator[Resource]:
    """Yield the resources of a person that is a copy."""
    original = (number - 1) % originals + 1
    text = json.dumps([*dossier(original)])
    for old, new in (
        (f'"id": "p{original}"', f'"id": "p{number}"'),
        (f'"id": "e{original}"', f'"id": "e{number}"'),
        (f'"id": "c{original}"', f'"id": "c{number}"'),
        (f'"id": "o{original}-', f'"id": "o{number}-'),
        (f'Patient/p{original}"', f'Patient/p{number}"'),
        (f'Encounter/e{original}"', f'Encounter/e{number}"'),
        (_identifier(original), _identifier(number)),
    ):
        text = text.replace(old, new)
    yield from json.loads(text)


async def copy_people(url: str, first: int, last: int, numbers: dict[str, int], originals: int = ORIGINALS) -> None:
    """Add the persons of a range beyond the originals, as copies of these, no original twice in a range."""
    connection = await asyncpg.connect(url, server_settings={"work_mem": "512MB", "enable_nestloop": "off"})
    await connection.execute(MAPS)
    pairs = [((number - 1) % originals + 1, number) for number in range(first, last + 1)]
    await connection.copy_records_to_table("resource_map", records=_resource_map(pairs, numbers))
    await connection.copy_records_to_table("token_map", records=_token_map(pairs))
    for statement in ("ANALYZE resource_map", "ANALYZE token_map", RESOURCES, "ANALYZE copied", TOKENS, REFERENCES):
        await connection.execute(statement, timeout=None)
    for table in INDEX_TABLES[2:]:
        await connection.execute(_rows_of(table.name, table.columns), timeout=None)
    await connection.close()


def _resource_map(pairs: Sequence[tuple[int, int]], numbers: dict[str, int]) -> Iterator[Map]:
    kinds = [("Patient", "p", ""), ("Encounter", "e", ""), ("Condition", "c", "")]
    kinds += [("Observation", "o", f"-{nth}") for nth in range(OBSERVATIONS)]
    for old, new in pairs:
        for kind, letter, nth in kinds:
            key = f"{letter}{new}{nth}"
            self_hash = reference_hash(1, f"{kind}/{key}")
            yield old, numbers[kind], f"{letter}{old}{nth}", new, key, self_hash, row_numbers.next()


def _token_map(pairs: Sequence[tuple[int, int]]) -> Iterator[Map]:
    for old, new in pairs:
        for before, after in zip(_own_tokens(old), _own_tokens(new), strict=True):
            yield (*before, *after)


def _own_tokens(number: int) -> Sequence[tuple[int, int]]:
    value = _identifier(number)
    typed = typed_value("MR", value)
    return (
        token_hash(1, "Patient", "identifier", HOSPITAL, value.casefold()),
        token_hash(1, "Patient", "identifier" + OF_TYPE, IDENTIFIER_TYPES, typed),
    )


def _rows_of(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(columns)
    listed = ", ".join(f"i.{column}" for column in columns)
    return (
        f"INSERT INTO {table} (row, tenant, {names}) SELECT c.row, i.tenant, {listed}"  # noqa: S608 - names of our own
        f" FROM copied AS c JOIN {table} AS i ON i.row = c.old_row"
    )


def _identifier(number: int) -> str:
    return Person(number).identifier
