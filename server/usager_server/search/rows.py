"""The index rows of one resource while they are gathered, and the hashes of one tenant, some of them remembered."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from usager_server.search.hashing import (
    ANY_SYSTEM,
    parameter_hash,
    reference_hasher,
    token_prefix,
    token_state,
)
from usager_server.search.index import IndexRows

REMEMBERED = 50_000
"""Codings whose hashes a tenant keeps: a health record says the same few thousand codes over and over."""


class TenantHashes:
    """Hashes for one tenant; `remembered` holds those of codings, which come again, never those of identifiers."""

    __slots__ = ("_copy", "reference", "remembered")

    def __init__(self, tenant: int) -> None:
        self._copy = token_state(tenant).copy
        self.reference = reference_hasher(tenant)
        self.remembered: dict[tuple[bytes, str | None, str | None], tuple[int, ...]] = {}

    def token(self, prefix: bytes, system: str | None, code: str) -> int:
        """Return token_hash(tenant, type, parameter, system, code); prefix is token_prefix(type, parameter)."""
        state = self._copy()
        state.update(prefix + f"{ANY_SYSTEM if system is None else system}\0{code}".encode())
        return int.from_bytes(state.digest(), "little", signed=True)

    def remember(self, key: tuple[bytes, str | None, str | None], hashes: tuple[int, ...]) -> tuple[int, ...]:
        """Keep the hashes of a coding, and forget all of them when there are too many."""
        if len(self.remembered) >= REMEMBERED:
            self.remembered.clear()
        self.remembered[key] = hashes
        return hashes


@lru_cache(maxsize=256)
def tenant_hashes(tenant: int) -> TenantHashes:
    """Return the hashes of a tenant, the same object as long as the tenant is in use."""
    return TenantHashes(tenant)


class Rows:
    """Where the writers of one resource put what they find; `finished` takes doubles away."""

    __slots__ = ("dates", "hashes", "numbers", "references", "resource", "strings", "tokens")

    def __init__(self, resource: dict[str, Any], hashes: TenantHashes) -> None:
        self.resource = resource
        self.hashes = hashes
        self.tokens: list[int] = []
        self.references: list[tuple[int, int]] = []
        self.strings: list[tuple[int, str]] = []
        self.dates: list[tuple[int, int, int]] = []
        self.numbers: list[tuple[int, float, float]] = []

    def finished(self) -> IndexRows:
        """Return the rows, each once."""
        return IndexRows(
            tokens=list(dict.fromkeys(self.tokens)),
            references=list(dict.fromkeys(self.references)),
            strings=list(dict.fromkeys(self.strings)),
            dates=list(dict.fromkeys(self.dates)),
            numbers=list(dict.fromkeys(self.numbers)),
        )


Writer = Callable[[Any, Rows], None]
"""Takes one value of a resource and puts its rows where they belong."""

__all__ = ["Rows", "TenantHashes", "Writer", "parameter_hash", "tenant_hashes", "token_prefix"]
