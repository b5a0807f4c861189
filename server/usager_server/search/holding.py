"""What only one active record of a tenant may hold: the matricule INS that the server had from INSi.

It is a token of a parameter of its own, and a unique index of the database refuses a second one: two requests that come
at once cannot both have it, whatever each found before.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from usager_server.search.hashing import Token, any_code, token_base
from usager_server.search.names import HELD
from usager_server.search.rows import Rows

EDITION = "1"
"""To be raised when a Patient holds something else: those that are stored are then indexed anew (`editions.py`)."""

EVIDENCE = "https://usager.example/fhir/StructureDefinition/identity-evidence"
"""Where a record says what INSi gave; the server alone writes it (`identity/evidence.py`)."""

REAL = ("urn:oid:1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.9")
"""The systems of matricules of people; those of tests and demonstrations are anybody's."""

_BASE = token_base("Patient", HELD)
_FIRST, _LAST, *_ = any_code(0, "Patient", HELD, None)


def write_held(patient: dict[str, Any], rows: Rows) -> None:
    """Put what an active Patient holds alone among its tokens."""
    if patient.get("active") is not False:
        rows.tokens += [_BASE | rows.system(system) | rows.code(value) for system, value in _matricules(patient)]


def is_held(token: Token) -> bool:
    """Say whether a token is one of what only one active record may hold."""
    return _FIRST <= token[0] <= _LAST


def _matricules(patient: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for evidence in patient.get("extension", ()):
        for part in evidence.get("extension", ()) if evidence.get("url") == EVIDENCE else ():
            identifier = part.get("valueIdentifier", {})
            system, value = identifier.get("system"), identifier.get("value")
            if system in REAL and isinstance(value, str) and value:
                yield system, value.casefold()
