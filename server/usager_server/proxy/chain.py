"""The chain of the traces: each row holds the digest of the one before, so that what is altered or missing is found.

A chain can be made again by who owns the database: its head goes into the log every hour, which is kept elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import orjson

START = bytes(32)


@dataclass(frozen=True, slots=True)
class Link:
    """One row. Shape: number from 1, without gaps; at as it is searched by; body the text that is vouched for."""

    number: int
    at: datetime
    body: str
    digest: bytes


def digest(before: bytes, number: int, body: str) -> bytes:
    """Return the digest of a row: of the digest before, its number and its body. The database computes the same."""
    return sha256(before + f"{number}\n{body}".encode()).digest()


class Checker:
    """Follows a chain, link by link in the order of their numbers. Shape: heads are digests known from elsewhere."""

    def __init__(self, heads: Mapping[int, bytes] | None = None) -> None:
        self._heads = dict(heads or {})
        self._before, self.count = START, 0
        self._number = 0

    def faults(self, link: Link) -> Iterator[str]:
        """Yield what is wrong with the next link."""
        self.count += 1
        if link.number != self._number + 1:
            yield f"{self._number + 1} to {link.number - 1}: missing"
        elif digest(self._before, link.number, link.body) != link.digest:
            yield f"{link.number}: altered"
        if _at(link) != link.at:
            yield f"{link.number}: its time is not that of its body"
        if link.number in self._heads and self._heads.pop(link.number) != link.digest:
            yield f"{link.number}: is not what its head says"
        self._before, self._number = link.digest, link.number

    def missing(self) -> Iterator[str]:
        """Yield, at the end, the heads that were not met: the end of the chain was cut off."""
        yield from (f"{number}: missing, and its head is known" for number in sorted(self._heads))


def _at(link: Link) -> datetime | None:
    try:
        return datetime.fromisoformat(orjson.loads(link.body)["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None
