"""The 64-bit hashes of the index tables: what a write leaves and a search looks for, alike on every replica.

A token is the exclusive or of three hashes: of its type and parameter, of its system, of its code. Each of them is
random, so two tokens meet as rarely as two random numbers do (and what a search shows is checked against its text);
but a code that several parameters index, with and without its system, is hashed once.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

KEY = b"usager-index-1"

PRESENT = "\x01present"

REMEMBERED = 10_000
"""Texts whose hashes a tenant keeps: a health record says the same few thousand codes over and over."""

TextHash = Callable[[str], int]


def token_hash(tenant: int, resource_type: str, parameter: str, system: str | None, code: str) -> int:
    """Return the hash of one token.

    Shape   system None: whatever the system; "": no system. code "": whatever the code of that system. A token
            parameter that has any value also leaves (None, PRESENT), which answers :missing.
    """
    hashed = token_base(resource_type, parameter)
    if system is not None:
        hashed ^= system_hasher(tenant)(system)
    if code:
        hashed ^= code_hasher(tenant)(code)
    return hashed


@lru_cache(maxsize=65536)
def token_base(resource_type: str, parameter: str) -> int:
    """Return what the tokens of a parameter have in common: `token_base ^ system hash ^ code hash` is a token."""
    return _fixed(f"token\0{resource_type}\0{parameter}")


@lru_cache(maxsize=65536)
def parameter_hash(resource_type: str, parameter: str) -> int:
    """Return the hash of a parameter of a type, the first column of the string, date, number and reference rows."""
    return _fixed(f"parameter\0{resource_type}\0{parameter}")


def reference_hash(tenant: int, reference: str) -> int:
    """Return the hash of a reference: "Type/id" (the `resource.self` of the target) or another server's address."""
    return reference_hasher(tenant)(reference)


@lru_cache(maxsize=256)
def code_hasher(tenant: int) -> TextHash:
    """Return what hashes the codes of a tenant."""
    return _remembering(tenant, b"code\0")


@lru_cache(maxsize=256)
def system_hasher(tenant: int) -> TextHash:
    """Return what hashes the systems of a tenant."""
    return _remembering(tenant, b"system\0")


@lru_cache(maxsize=256)
def reference_hasher(tenant: int) -> TextHash:
    """Return what hashes the references of a tenant."""
    return _remembering(tenant, b"reference\0")


def _fixed(text: str) -> int:
    digest = blake2b(text.encode(), digest_size=8, key=KEY).digest()
    return int.from_bytes(digest, "little", signed=True)


def _remembering(tenant: int, kind: bytes) -> TextHash:
    state = blake2b(kind, digest_size=8, key=KEY + b"\0" + str(tenant).encode())
    copy, from_bytes = state.copy, int.from_bytes
    remembered: dict[str, int] = {}

    def hashed(text: str) -> int:
        found = remembered.get(text)
        if found is None:
            mine = copy()
            mine.update(text.encode())
            found = from_bytes(mine.digest(), "little", signed=True)
            if len(remembered) >= REMEMBERED:
                remembered.clear()
            remembered[text] = found
        return found

    return hashed
