"""Words that open something: 256 random bits behind the number of their tenant; the store keeps their digest."""

import re
import secrets
from hashlib import sha256
from typing import NamedTuple

WORD = re.compile(r"([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})")
LARGEST_TENANT = 2**31 - 1


class Word(NamedTuple):
    """A code, a refresh token or a launch, as it was presented: its tenant, and the digest to find it by."""

    tenant: int
    digest: bytes


def make_word(tenant: int) -> str:
    """Return a new word. The tenant in it says behind which wall to look: a guess leads nowhere."""
    return f"{tenant}.{secrets.token_urlsafe(32)}"


def digest_of(word: str) -> bytes:
    """Return what the store keeps of a word: it has 256 bits, so that a plain digest is not to be guessed from."""
    return sha256(word.encode()).digest()


def read_word(text: str) -> Word | None:
    """Return what a word says, or None when it has not the shape of one."""
    found = WORD.fullmatch(text)
    if found is None or int(found[1]) > LARGEST_TENANT:
        return None
    return Word(int(found[1]), digest_of(text))
