"""The statements of a store that is only in part within reach: what is asked for, and whether it is."""

from collections.abc import Iterable, Sequence
from typing import Any

from usager_server.repository.running import under_tenant
from usager_server.repository.search_clauses import TENANT, Clauses
from usager_server.repository.search_pages import Statement
from usager_server.search.lookups import Lookup

Key = tuple[int, str]
"""The number of a type, and an id."""

COLUMNS = "m.type, m.id, m.version, m.last_updated, m.method, m.document, m.content"


def read_one_within(within: Lookup) -> Statement:
    """Return the statement that reads one current version if it is within reach: type and id come before its arguments.

    Time    a statement made once for a reach: to put its text together would cost as much as to run it.
    """
    clauses = Clauses()
    kind, key = clauses.bind(None, "smallint"), clauses.bind(None, "text")
    block = (
        f"SELECT m.type, m.row, m.version, m.last_updated, m.method, m.document, m.content FROM resource AS m"
        f" WHERE m.{TENANT} AND m.type = {kind} AND m.id = {key} LIMIT 1"
    )
    columns = "m.version, m.last_updated, m.method, m.document, m.content"
    text = f"SELECT {columns} FROM ({block}) AS m WHERE {clauses.test(within, 'm.type', 'm.row')}"
    return under_tenant(text), clauses.arguments[2:]


def read_within(keys: Sequence[Key], within: Lookup) -> Statement:
    """Return the statement that reads the current versions of those that are within reach."""
    clauses = Clauses()
    wanted = _wanted(clauses, keys)
    block = f"SELECT m.* FROM resource AS m WHERE m.{TENANT} AND m.type = w.type AND m.id = w.id LIMIT 1"
    text = f"SELECT {COLUMNS} FROM {wanted}, LATERAL ({block}) AS m WHERE {clauses.test(within, 'm.type', 'm.row')}"
    return under_tenant(text), clauses.arguments


def standing(keys: Sequence[Key], within: Lookup | None) -> Statement:
    """Return the statement that locks those that exist: type, id, whether deleted, whether within reach.

    Order   that of the keys, the same whoever locks.
    """
    clauses = Clauses()
    wanted = _wanted(clauses, keys)
    block = (
        f"SELECT m.type, m.id, m.row, m.document IS NULL AS deleted FROM resource AS m"
        f" WHERE m.{TENANT} AND m.type = w.type AND m.id = w.id FOR UPDATE"
    )
    held = "true" if within is None else clauses.test(within, "m.type", "m.row")
    text = f"SELECT m.type, m.id, m.deleted, {held} AS held FROM {wanted}, LATERAL ({block}) AS m"
    return under_tenant(text), clauses.arguments


def held_among(keys: Sequence[Key], within: Lookup) -> Statement:
    """Return the statement that says which of these are there and within reach: type, id."""
    clauses = Clauses()
    wanted = _wanted(clauses, keys)
    block = (
        f"SELECT m.type, m.id, m.row FROM resource AS m WHERE m.{TENANT} AND m.type = w.type AND m.id = w.id LIMIT 1"
    )
    text = f"SELECT m.type, m.id FROM {wanted}, LATERAL ({block}) AS m WHERE {clauses.test(within, 'm.type', 'm.row')}"
    return under_tenant(text), clauses.arguments


def known_among(selves: Iterable[int], patient: int, within: Lookup) -> Statement:
    """Return the statement that says which of these references are Patients within reach."""
    clauses = Clauses()
    wanted = f"unnest({clauses.bind(sorted(selves), 'bigint[]')}) AS w(self)"
    block = (
        f"SELECT m.type, m.row FROM resource AS m WHERE m.{TENANT} AND m.self = w.self"
        f" AND m.type = {clauses.bind(patient, 'smallint')} LIMIT 1"
    )
    text = f"SELECT w.self FROM {wanted}, LATERAL ({block}) AS m WHERE {clauses.test(within, 'm.type', 'm.row')}"
    return under_tenant(text), clauses.arguments


def _wanted(clauses: Clauses, keys: Sequence[Key]) -> str:
    columns: list[list[Any]] = [[key[part] for key in keys] for part in (0, 1)]
    return f"unnest({clauses.bind(columns[0], 'smallint[]')}, {clauses.bind(columns[1], 'text[]')}) AS w(type, id)"
