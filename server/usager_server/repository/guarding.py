"""Writes about a record that another one replaces are refused, in the statement that writes (`search/replacing.py`).

Cost    a probe of the index of tokens for each Patient that is referred to.
"""

from collections.abc import Sequence
from typing import Any

from usager_server.repository import Draft
from usager_server.repository.columns import Placeholders, sent
from usager_server.search.replacing import replaced_tokens

KINDS = ("int", "bigint", "bigint")


def guard_arguments(drafts: Sequence[Draft]) -> list[Any]:
    """Return the arguments of the part that guards: tokens and targets; none when it is not needed."""
    found = dict(it for draft in drafts for it in replaced_tokens(draft.tenant, draft.type, draft.tail))
    rows = [(*token, target) for token, target in found.items()]
    return [*sent(KINDS, [list(column) for column in zip(*rows, strict=True)])] if rows else []


def guarded(places: Placeholders, source: str = "t") -> str:
    """Return the part `apart` of a statement, to be drawn by what it selects; source is what holds the tenant."""
    return f"""apart AS MATERIALIZED (
        SELECT refuse_replaced(d.target) AS refused
        FROM {source}, {places.unnest(KINDS)} AS d(head, tail, target), LATERAL (
            SELECT FROM index_token
            WHERE tenant = {source}.tenant AND head = d.head AND tail = d.tail LIMIT 1
        ) AS r
    )"""  # noqa: S608 - names of our own


DRAWN = "(SELECT count(refused) FROM apart)"
