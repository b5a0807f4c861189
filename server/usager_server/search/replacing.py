"""What tells that another record stands for a Patient: nothing more is written about that one.

The record leaves a token made of the hash by which others refer to it. Whoever writes a resource looks for the tokens
of what it refers to, in the same statement.
"""

import re
from typing import Any

from usager_server.search.hashing import CODE_MASK, Token, reference_hash, split, token_base
from usager_server.search.likeness import TYPE, is_replaced
from usager_server.search.names import REPLACED
from usager_server.search.rows import Rows

EDITION = "1"
"""To be raised when the token is another one: those that are stored are then indexed anew (`editions.py`)."""

STAYING = ("Patient", "Provenance")
"""What may go on to refer to such a record: links between records are followed, and a Provenance tells what was."""

REFERENCE = re.compile(r'"reference":"(Patient/[A-Za-z0-9.-]{1,64})"')

_BASE = token_base(TYPE, REPLACED)


def write_replaced(patient: dict[str, Any], rows: Rows) -> None:
    """Put the token of a Patient that another one replaces among its tokens; of one without id there is none."""
    key = patient.get("id")
    if isinstance(key, str) and is_replaced(patient):
        rows.tokens.append(_BASE | _bits(rows.reference(f"{TYPE}/{key}")))


def replaced_tokens(tenant: int, resource_type: str, text: str) -> list[tuple[Token, int]]:
    """Return the token that each Patient of a resource would have, were it replaced; with the hash of the reference.

    Shape   text: the JSON of the resource. A reference to a version is none to the record.
    """
    if resource_type in STAYING:
        return []
    targets = [reference_hash(tenant, name) for name in dict.fromkeys(REFERENCE.findall(text))]
    return [(split(_BASE | _bits(target)), target) for target in targets]


def _bits(target: int) -> int:
    return (target & CODE_MASK) or 1
