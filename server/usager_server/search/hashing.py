"""The 64-bit hashes of the index tables: what a write leaves and a search looks for, alike on every replica."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

KEY = b"usager-index-1"

ANY_SYSTEM = "\x02"
PRESENT = "\x01present"

TokenHash = Callable[[str | None, str], int]


def token_hash(tenant: int, resource_type: str, parameter: str, system: str | None, code: str) -> int:
    """Return the hash of one token.

    Shape   system None: whatever the system; "": no system. code "": whatever the code of that system. A token
            parameter that has any value also leaves (None, PRESENT), which answers :missing.
    """
    return token_hasher(tenant, resource_type, parameter)(system, code)


@lru_cache(maxsize=65536)
def token_hasher(tenant: int, resource_type: str, parameter: str) -> TokenHash:
    """Return token_hash with its first three arguments given, for callers with many tokens."""
    state = token_state(tenant).copy()
    state.update(token_prefix(resource_type, parameter))

    def hashed(system: str | None, code: str) -> int:
        mine = state.copy()
        mine.update(f"{ANY_SYSTEM if system is None else system}\0{code}".encode())
        return int.from_bytes(mine.digest(), "little", signed=True)

    return hashed


def token_prefix(resource_type: str, parameter: str) -> bytes:
    """Return the bytes that are hashed before a token's own."""
    return f"token\0{resource_type}\0{parameter}\0".encode()


@lru_cache(maxsize=4096)
def token_state(tenant: int) -> blake2b:
    """Return the hash keyed for a tenant, to be copied."""
    return blake2b(digest_size=8, key=KEY + b"\0" + str(tenant).encode())


@lru_cache(maxsize=65536)
def parameter_hash(resource_type: str, parameter: str) -> int:
    """Return the hash of a parameter of a type, the first column of the string, date, number and reference rows."""
    digest = blake2b(f"parameter\0{resource_type}\0{parameter}".encode(), digest_size=8, key=KEY).digest()
    return int.from_bytes(digest, "little", signed=True)


def reference_hash(tenant: int, reference: str) -> int:
    """Return the hash of a reference: "Type/id" (the `resource.self` of the target) or another server's address."""
    return reference_hasher(tenant)(reference)


@lru_cache(maxsize=4096)
def reference_hasher(tenant: int) -> Callable[[str], int]:
    """Return reference_hash with the tenant given."""
    state = token_state(tenant).copy()
    state.update(b"reference\0")

    def hashed(reference: str) -> int:
        mine = state.copy()
        mine.update(reference.encode())
        return int.from_bytes(mine.digest(), "little", signed=True)

    return hashed
