"""The hashes of the index tables: what a write leaves and a search looks for, alike on every replica.

A token has 96 bits: 20 tell its type and parameter, 24 its system, 52 its code, so that one index row answers every
spelling: `system|code` is one number, `system|` a range of them, a code of any system one number for each system that
the parameter has, and `:missing` whether the range of the parameter is empty. Two columns hold it: `head` the first 32
bits, `tail` the others. A code that several parameters index is hashed once.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from usager_server.remembering import REMEMBERED_CHARACTERS

KEY = b"usager-index-1"

SYSTEM_BITS, CODE_BITS, TAIL_BITS = 24, 52, 64
_PARAMETER_SHIFT = SYSTEM_BITS + CODE_BITS
_LAST_SYSTEM = (1 << SYSTEM_BITS) - 1
CODE_MASK = (1 << CODE_BITS) - 1
_TAIL_MASK = (1 << TAIL_BITS) - 1

# In the place of a system.
NO_SYSTEM = 0
PRESENT = _LAST_SYSTEM << CODE_BITS
"""A parameter has a value that leaves no token: a concept that is a text only. It answers `:missing`."""
FOLDED = (_LAST_SYSTEM - 1) << CODE_BITS
"""A code that counts with its case among those of its system, as it is compared when no system is asked for."""

REMEMBERED = 10_000
"""Texts whose hashes a tenant keeps: a health record says the same few thousand codes over and over."""

TextHash = Callable[[str], int]

Token = tuple[int, int]
"""A token as it lies in the table: head and tail, signed, in the order of the 96 bits."""


def split(token: int) -> Token:
    """Return the two columns of a token."""
    return (token >> TAIL_BITS) - (1 << 31), (token & _TAIL_MASK) - (1 << 63)


def token_hash(tenant: int, resource_type: str, parameter: str, system: str, code: str) -> Token:
    """Return one token; system "": the code has none."""
    held = token_base(resource_type, parameter) | system_hasher(tenant)(system)
    return split(held | code_hasher(tenant)(code))


def any_system(tenant: int, resource_type: str, parameter: str, code: str) -> tuple[int, int, int]:
    """Return a code whatever its system: the first and the last head of its parameter, and its bits in the tail."""
    (first, _), (last, _) = _ends(token_base(resource_type, parameter), _PARAMETER_SHIFT)
    return first, last, code_hasher(tenant)(code)


def any_code(tenant: int, resource_type: str, parameter: str, system: str | None) -> tuple[int, int, int, int]:
    """Return what the tokens of a parameter lie between, or those of one of its systems: heads, then tails."""
    base, free = token_base(resource_type, parameter), _PARAMETER_SHIFT
    if system is not None:
        base, free = base | system_hasher(tenant)(system), CODE_BITS
    (first, low), (last, high) = _ends(base, free)
    return first, last, low, high


def _ends(base: int, free: int) -> tuple[Token, Token]:
    """Return the first and the last token of those that begin like base, whose last bits are free."""
    return split(base), split(base | ((1 << free) - 1))


@lru_cache(maxsize=65536)
def token_base(resource_type: str, parameter: str) -> int:
    """Return what the tokens of a parameter begin with: `token_base | system hash | code hash` is a token.

    Shape   no two parameters of a type have the same: a test holds it for those of R4, a plugin's that would is refused
            (`parameters.py`).
    """
    digest = blake2b(f"token\0{resource_type}\0{parameter}".encode(), digest_size=8, key=KEY).digest()
    return (int.from_bytes(digest, "little") >> 44) << _PARAMETER_SHIFT


@lru_cache(maxsize=65536)
def parameter_hash(resource_type: str, parameter: str) -> int:
    """Return the hash of a parameter of a type, the first column of the string, date, number and reference rows."""
    digest = blake2b(f"parameter\0{resource_type}\0{parameter}".encode(), digest_size=8, key=KEY).digest()
    return int.from_bytes(digest, "little", signed=True)


def reference_hash(tenant: int, reference: str) -> int:
    """Return the hash of a reference: "Type/id" (the `resource.self` of the target) or another server's address."""
    return reference_hasher(tenant)(reference)


def spelling_hash(tenant: int, text: str) -> int:
    """Return the hash of a text as it is written, which tells it from those that are the same to `normalise`."""
    return spelling_hasher(tenant)(text)


@lru_cache(maxsize=256)
def code_hasher(tenant: int) -> TextHash:
    """Return what hashes the codes of a tenant, to the last bits of a token; never 0."""
    return _remembering(tenant, b"code\0", lambda number: (number & CODE_MASK) or 1)


@lru_cache(maxsize=256)
def system_hasher(tenant: int) -> TextHash:
    """Return what hashes the systems of a tenant, to the bits of a token that are theirs; "" is none."""
    hashed = _remembering(tenant, b"system\0", lambda number: (number % (_LAST_SYSTEM - 2) + 1) << CODE_BITS)
    return lambda text: hashed(text) if text else NO_SYSTEM


@lru_cache(maxsize=256)
def reference_hasher(tenant: int) -> TextHash:
    """Return what hashes the references of a tenant."""
    return _remembering(tenant, b"reference\0", lambda number: number - (1 << 63))


@lru_cache(maxsize=256)
def spelling_hasher(tenant: int) -> TextHash:
    """Return what hashes the spellings of a tenant, to 32 bits."""
    return _remembering(tenant, b"spelling\0", lambda number: (number & 0xFFFFFFFF) - (1 << 31))


def _remembering(tenant: int, kind: bytes, narrowed: Callable[[int], int]) -> TextHash:
    state = blake2b(kind, digest_size=8, key=KEY + b"\0" + str(tenant).encode())
    copy, from_bytes = state.copy, int.from_bytes
    remembered: dict[str, int] = {}

    def hashed(text: str) -> int:
        found = remembered.get(text)
        if found is None:
            mine = copy()
            mine.update(text.encode())
            found = narrowed(from_bytes(mine.digest(), "little"))
            if len(text) <= REMEMBERED_CHARACTERS:
                if len(remembered) >= REMEMBERED:
                    remembered.clear()
                remembered[text] = found
        return found

    return hashed
